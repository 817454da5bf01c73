/**
 * ② ④ What a replica says about sessions, and where a session is born, it may say only under a lease of its own.
 * Promise: nothing is said here that is older than a revocation which was confirmed without this replica.
 */
import type { RoomUse } from '@curfew/revocation-log'

import { Unavailable } from '../errors.ts'
import type { FactLog } from '../ports.ts'

export function requireLease(log: FactLog): void {
  if (!log.isFollowing) throw new Unavailable('log-not-followed')
  if (!log.mayAnswer) throw new Unavailable('no-lease')
}

/** Where a session is to begin: one whose end could not be recorded begins nowhere. */
export function requireRoom(log: FactLog, use: RoomUse = 'ends'): void {
  if (!log.hasRoomFor(use)) throw new Unavailable('log-full')
}
