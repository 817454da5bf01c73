/**
 * ② ④ What a replica says about sessions, and where a session is born, it may say only under a lease of its own.
 * Promise: nothing is said here that is older than a revocation which was confirmed without this replica.
 */
import type { RoomUse } from '@curfew/revocation-log'

import type { FactLog } from './ports.ts'
import { Unavailable } from './unavailable.ts'

export function requireLease(log: FactLog): void {
  if (!log.isFollowing) throw new Unavailable('log-not-followed')
  if (!log.mayAnswer) throw new Unavailable('no-lease')
}

/** @throws Unavailable when the room that is left in the log is kept for other uses */
export function requireRoom(log: FactLog, use: RoomUse): void {
  if (!log.hasRoomFor(use)) throw new Unavailable('log-full')
}
