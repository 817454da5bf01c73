/**
 * ④ ⑤ Makes this replica a member, and its lease length the one in force.
 * Promise: the change of a lease length names the longest that may still be running, whoever else changes it at the same time.
 */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

import { ORIGIN, PROTOCOL_VERSION, type MemberId, SESSION_SERVICE } from '@curfew/contracts'
import { isConnected } from '@curfew/messaging'
import { systemClock } from '@curfew/protocol'
import { type Coordinator, type MemberLimits, ProtocolServer, type RefusedJoin } from '@curfew/revocation-log'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import type { LogView } from '../../domain/log/log-view.ts'
import type { FactLog } from '../../domain/log/ports.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'

export interface Joining {
  readonly questions: NatsConnection
  readonly epoch: number
  readonly log: FactLog
  readonly view: LogView
  readonly coordinator: Coordinator
  readonly leaseMs: number
  readonly logger: Logger
  readonly memberLimits?: MemberLimits | undefined
  readonly onJoinRefused: (refused: RefusedJoin) => void
  /** What an entry of this replica's begins with, each time with another id. */
  readonly head: () => { readonly v: 1; readonly id: string; readonly at: string; readonly actor: string }
}

const MAX_ATTEMPTS = 5

export function newReplicaId(): MemberId {
  return `session-${randomBytes(8).toString('hex')}` as MemberId
}

export function protocolServer(joining: Joining): ProtocolServer {
  const { questions, epoch, log, coordinator, logger, memberLimits, onJoinRefused } = joining
  return new ProtocolServer({
    nc: questions,
    epoch,
    self: { kind: 'replica', service: SESSION_SERVICE, host: hostname(), protocol: PROTOCOL_VERSION },
    newId: newReplicaId,
    coordinator,
    clock: systemClock,
    logger,
    publish: (entry) => log.publish(entry),
    waitFor: (position, timeoutMs) => log.waitFor(position, timeoutMs),
    // Without both it would take members off the list that it merely cannot hear.
    isFollowing: () => log.isFollowing && isConnected(questions),
    memberLimits,
    hasRoom: () => log.hasRoomFor('changes'),
    onJoinRefused,
  })
}

/** @throws Unavailable when the log does not take it, or others keep changing it. */
export async function announceLeaseLength({ log, view, coordinator, leaseMs, head }: Joining): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const known = view.wide.lease
    if (known?.leaseMs === leaseMs) return
    const previousLeaseMs = coordinator.longestLeaseMs(systemClock())
    const entry = { ...head(), type: 'config', leaseMs, previousLeaseMs } as const
    const said = await log.publish(entry, { last: known?.position ?? ORIGIN })
    if (said.kind === 'unknown') throw new Unavailable('log-not-followed')
    // Somebody else said something meanwhile: see it first, it may have been longer.
    if (!(await log.catchUp())) throw new Unavailable('log-not-followed')
  }
  throw new Unavailable('contended')
}
