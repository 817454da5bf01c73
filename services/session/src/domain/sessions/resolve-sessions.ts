/**
 * ② ④ Answers a verifier's misses: what a token for its audience must prove, and whether the session behind it lives.
 * Promise: a domain service is told the relay value of its own audience and nothing that opens another door.
 */
import {
  GATEWAY_AUDIENCE,
  ROTATION_WITHIN_MS,
  relayValueFor,
  type Audience,
  type Position,
  type RefusalReason,
  type SessionId,
} from '@curfew/contracts'

import type { SubjectFacts } from '../log/facts.ts'
import { lookUp, type LookedUp, type LookUpPorts } from './look-up.ts'
import type { SessionReports } from './ports.ts'
import type { RotationStore } from './ports.ts'
import { isTouchDue, type SessionRecord } from './session-record.ts'

/** What a token may prove, besides the present secret. */
export interface Proofs {
  readonly proof: string
  /** Another secret is about to be put in place: what is answered now must not be remembered. */
  readonly isRotating: boolean
  /** Of earlier secrets, newest first. */
  readonly predecessors: readonly string[]
  readonly overlapEndsMs: number
}

export type ResolvedSession =
  | {
      readonly status: 'live'
      readonly proofs: Proofs
      readonly session: SessionRecord
      readonly subject: SubjectFacts
    }
  | { readonly status: 'refused'; readonly reason: RefusalReason }

export interface Resolution {
  readonly asOf: Position
  readonly nowMs: number
  readonly sessions: readonly ResolvedSession[]
}

export interface ResolvePorts extends LookUpPorts {
  readonly reports: SessionReports
  readonly rotations: RotationStore
}

/** No rotation takes this long: whoever began it has died. */
const ABANDONED_AFTER_MS = 3 * ROTATION_WITHIN_MS

/** Who is asked about; `passive` are those that are only watched, not used. */
export interface AskedSessions {
  readonly ids: readonly SessionId[]
  readonly passive: ReadonlySet<SessionId>
}

export async function resolveSessions(
  ports: ResolvePorts,
  audience: Audience,
  { ids, passive }: AskedSessions,
): Promise<Resolution> {
  const { asOf, nowMs, sessions } = await lookUp(ports, ids)
  const inUse = sessions.filter((_, index) => !passive.has(ids[index] as SessionId))
  const seenNow = await touchDue(ports, inUse, nowMs)
  const settled = await settleAbandoned(ports, sessions, nowMs)
  const resolved = sessions.map((found): ResolvedSession => {
    if (found.verdict !== 'live') return { status: 'refused', reason: found.verdict }
    const { session, subject } = found
    const isRotating = session.pending !== undefined && !settled.has(session.id)
    const proofs = { ...proofsFor(session, audience, nowMs), isRotating }
    const lastSeenMs = seenNow.has(session.id) ? nowMs : session.lastSeenMs
    return { status: 'live', proofs, session: { ...session, lastSeenMs }, subject }
  })
  return { asOf, nowMs, sessions: resolved }
}

function proofsFor(
  { secretHash, predecessors = [], overlapEndsMs = 0, relayOverlapEndsMs = 0 }: SessionRecord,
  audience: Audience,
  nowMs: number,
): Omit<Proofs, 'isRotating'> {
  if (audience === GATEWAY_AUDIENCE) return { proof: secretHash, predecessors, overlapEndsMs }
  // A relay token that comes late says nothing about whoever sent the request: only those accepted are told.
  const [latest] = nowMs < relayOverlapEndsMs ? predecessors : []
  return {
    proof: relayValueFor(secretHash, audience),
    predecessors: latest === undefined ? [] : [relayValueFor(latest, audience)],
    overlapEndsMs: relayOverlapEndsMs,
  }
}

/** Withdraws what has been pending for too long. @returns those that will keep the secret which was read */
async function settleAbandoned(
  { rotations }: ResolvePorts,
  found: readonly LookedUp[],
  nowMs: number,
): Promise<ReadonlySet<SessionId>> {
  const settled = new Set<SessionId>()
  for (const each of found) {
    if (each.verdict !== 'live' || each.session.pending === undefined) continue
    const { id, pending } = each.session
    const isAbandoned = nowMs - pending.begunAtMs > ABANDONED_AFTER_MS
    // Compared and removed in one step: from here on nobody can put it in place, so that the answer may be remembered.
    if (isAbandoned && (await rotations.withdraw(id, pending.secretHash))) settled.add(id)
  }
  return settled
}

/** Moves last-seen of those that were not seen for a while, and says whose it moved. */
export async function touchDue(
  { sessions: store, reports }: Pick<ResolvePorts, 'sessions' | 'reports'>,
  found: readonly LookedUp[],
  nowMs: number,
): Promise<ReadonlySet<SessionId>> {
  const due = new Map<SessionId, SessionRecord>()
  for (const each of found)
    if (each.verdict === 'live' && isTouchDue(each.session, nowMs)) due.set(each.session.id, each.session)
  if (due.size === 0) return new Set()
  try {
    await store.touch([...due.values()], nowMs)
    return new Set(due.keys())
  } catch (err) {
    // A store that can be read but not written still tells who is live; the session merely gets no older deadline.
    reports.touchFailed(err)
    return new Set()
  }
}
