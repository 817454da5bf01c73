/**
 * ④ ⑤ Revokes a scope, at most once for each id, sparing at most the operator's own session.
 * Promise: sparing never revives: the log takes the entry only if the spared session had survived the revocation before it.
 */
import { ORIGIN, type LogEntryOf, type Position, type Scope, type SessionId } from '@curfew/contracts'
import type { ConfirmationWatch } from '@curfew/revocation-log'

import type { SubjectFacts } from '../log/facts.ts'
import type { LogView } from '../log/log-view.ts'
import {
  recordFact,
  takeEffect,
  type Effective,
  type RecordOptions,
  type RecordOutcome,
  type RecordPorts,
} from '../log/record-fact.ts'
import { Unavailable } from '../log/unavailable.ts'
import { isWide, watermarkOf } from '../log/wide-facts.ts'
import type { KnownOperator } from '../operators/operator-memory.ts'
import type { RevocationHistory } from './ports.ts'
import { isSameRequest, revocationOf, type Revocation } from './revocation.ts'

export interface RevokePorts extends RecordPorts {
  readonly view: LogView
  readonly history: RevocationHistory
  /** The session and its subject as they are now; undefined when the session is not live any more. */
  readonly recheck: (session: SessionId) => Promise<KnownOperator | undefined>
}

export type RevokeOutcome =
  | (Effective & { readonly revocation: Revocation })
  | { readonly kind: 'unknown' }
  /** The id stands for another revocation. */
  | { readonly kind: 'reused' }
  /** The session to be spared is over. */
  | { readonly kind: 'spared-is-over' }

type RevokedEntry = LogEntryOf<'revoked'>

/** Called when the revocation is in the log and in effect here, now or since an earlier request. */
export type WatchRevocation = (revocation: Revocation) => ConfirmationWatch

export async function revoke(
  ports: RevokePorts,
  entry: RevokedEntry,
  watchRevocation?: WatchRevocation,
): Promise<RevokeOutcome> {
  const [spared] = entry.except ?? []
  const watch = watchRevocation && ((position: Position) => watchRevocation(recordOf(entry, position)))
  const outcome =
    spared === undefined
      ? await recordFact(ports, entry, { watch })
      : await sparing(ports, entry, { spared, watch })
  if (outcome.kind === 'unknown' || outcome.kind === 'spared-is-over') return outcome
  if (outcome.kind === 'conflict') throw new Unavailable('contended')
  const { position, isRepeat } = outcome
  if (isRepeat) {
    // Without the first request at hand nobody can tell whether this one is the same.
    const first = await findRevocation(ports, entry.id)
    if (first === undefined) throw new Unavailable('replay-undecided')
    return settleRepeat(ports, entry, { prior: first, watchRevocation })
  }
  return { ...outcome, revocation: recordOf(entry, position) }
}

function recordOf(entry: RevokedEntry, position: Position): Revocation {
  const revocation = revocationOf(entry, position)
  if (revocation === undefined) throw new TypeError('a revocation needs a revocation id')
  return revocation
}

/** From the view while Redis may not have it, else from the history. */
export async function findRevocation(
  { view, history }: Pick<RevokePorts, 'view' | 'history'>,
  id: string,
): Promise<Revocation | undefined> {
  const unprojected = view.unprojected(id)
  if (unprojected !== undefined) return revocationOf(unprojected.entry, unprojected.position)
  return history.find(id)
}

/** Answers a request whose id has been used: it is the same one, or a misuse of the key. */
export async function settleRepeat(
  ports: RecordPorts,
  entry: RevokedEntry,
  { prior, watchRevocation }: { prior: Revocation; watchRevocation?: WatchRevocation | undefined },
): Promise<RevokeOutcome> {
  if (!isSameRequest(prior, entry)) return { kind: 'reused' }
  const confirming = { isRepeat: true, watch: watchRevocation?.(prior) }
  const effect = await takeEffect(ports, prior.position, confirming)
  return effect.kind === 'unknown' ? effect : { ...effect, revocation: prior }
}

const MAX_ATTEMPTS = 5

async function sparing(
  ports: RevokePorts,
  entry: RevokedEntry,
  { spared, watch }: { readonly spared: SessionId } & Pick<RecordOptions, 'watch'>,
): Promise<RecordOutcome | { readonly kind: 'spared-is-over' }> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const known = await ports.recheck(spared)
    if (known === undefined) return { kind: 'spared-is-over' }
    const expectLast = lastRevoked(entry.scope, ports.view, known.subject)
    const outcome = await recordFact(ports, entry, { expected: { last: expectLast }, watch })
    if (outcome.kind !== 'conflict') return outcome
    // Somebody revoked the same scope meanwhile: see it first, then ask again whether the session is still there.
    if (!(await ports.log.catchUp())) throw new Unavailable('log-not-followed')
  }
  return { kind: 'conflict' }
}

/** Where the scope was last revoked. `subject` is the spared session's own: it is only spared where it is covered. */
function lastRevoked(scope: Scope, { wide }: LogView, subject: SubjectFacts): Position {
  if (isWide(scope)) return watermarkOf(wide, scope)?.position ?? ORIGIN
  if (scope.type === 'user') return subject.watermark?.position ?? ORIGIN
  throw new TypeError('nothing is spared when one session is revoked')
}
