/**
 * ④ ⑤ Joins what follows the log: the view, this replica's part in the protocol, and the projection into the store.
 * Promise: resolves once the end of the log has been reached under a lease; the simulation drives this very composition.
 */
import type { LogEntry, Position } from '@curfew/contracts'
import { Coordinator } from '@curfew/revocation-log'

import { EntryFeed } from '../../domain/log/entry-feed.ts'
import { OperatorMemory } from '../../domain/operators/operator-memory.ts'
import { newReplicaId } from './join-protocol.ts'
import { NatsFactLog, type NatsFactLogOptions } from './nats-fact-log.ts'
import { Projector, type ProjectionTarget } from './projector.ts'

export interface FollowLogOptions extends Omit<NatsFactLogOptions, 'newCoordinator' | 'onEntry'> {
  readonly stored: NatsFactLogOptions['stored'] & ProjectionTarget
}

export interface FollowedLog {
  readonly log: NatsFactLog
  readonly projection: Projector
  readonly operators: OperatorMemory
  readonly feed: EntryFeed
}

/** @throws when the log cannot be followed from where the store stands. */
export async function followLog(
  options: FollowLogOptions,
  stack: AsyncDisposableStack,
): Promise<FollowedLog> {
  const { view, stored, leaseMs, reports } = options
  const operators = new OperatorMemory(view)
  const feed = new EntryFeed()
  const projection = new Projector({
    view,
    target: stored,
    onStale: (reason) => log.startAgain(reason),
    onAhead: (vouched) => void log.reach.mustReach(vouched),
    onFailure: (error) => reports.projectionFailed(error),
  })
  const onEntry = (entry: LogEntry, position: Position): void => {
    const fact = view.apply(entry, position)
    log.noteEntry(entry, position)
    feed.note(entry, position)
    if (entry.type === 'rotated') operators.forget(entry.session)
    if (fact === undefined) return
    operators.note(fact)
    projection.wake()
  }
  const newCoordinator = (): Coordinator => new Coordinator({ replica: newReplicaId(), leaseMs })
  const log: NatsFactLog = new NatsFactLog({ ...options, newCoordinator, onEntry })
  await log.open()
  stack.defer(() => log.close())
  await log.join()
  projection.start()
  stack.defer(() => projection.stop())
  return { log, projection, operators, feed }
}
