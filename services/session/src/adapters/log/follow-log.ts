/**
 * Joins the replica of the log, the view and the projection into Redis.
 * Promise: resolves once the end of the log has been reached under a lease; the simulation drives this very composition.
 */
import type { LogEntry, Position } from '@curfew/contracts'
import { Coordinator, LogReplica, newReplicaId, type LogReplicaOptions } from '@curfew/revocation-log'

import { EntryFeed } from '../../domain/log/entry-feed.ts'
import type { LogView } from '../../domain/log/log-view.ts'
import type { LogReports } from '../../domain/log/ports.ts'
import { OperatorMemory } from '../../domain/operators/operator-memory.ts'
import { Projector, type ProjectionTarget } from './projector.ts'
import { storedState, type StateInRedis } from './stored-state.ts'

export interface FollowLogOptions extends Omit<
  LogReplicaOptions,
  'newCoordinator' | 'onEntry' | 'stored' | 'reports'
> {
  readonly view: LogView
  readonly target: StateInRedis & ProjectionTarget
  readonly reports: LogReports
}

export interface FollowedLog {
  readonly log: LogReplica
  readonly projection: Projector
  readonly operators: OperatorMemory
  readonly feed: EntryFeed
}

/** @throws when the log cannot be followed from where the store stands. */
export async function followLog(
  options: FollowLogOptions,
  stack: AsyncDisposableStack,
): Promise<FollowedLog> {
  const { view, target, clock, leaseMs, reports } = options
  const operators = new OperatorMemory(view)
  const feed = new EntryFeed()
  const projection = new Projector({
    view,
    target,
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
  const stored = storedState({ target, view, clock })
  const log: LogReplica = new LogReplica({ ...options, stored, newCoordinator, onEntry })
  await log.open()
  stack.defer(() => log.close())
  await log.join()
  projection.start()
  stack.defer(() => projection.stop())
  return { log, projection, operators, feed }
}
