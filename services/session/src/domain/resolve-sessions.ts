/**
 * ② ④ Answers a verifier's misses: what a token for its audience must prove, and whether the session behind it lives.
 * Promise: a domain service is told the relay value of its own audience and nothing that opens another door.
 */
import {
  GATEWAY_AUDIENCE,
  relayValueFor,
  type Audience,
  type Position,
  type RefusalReason,
  type SessionId,
} from '@curfew/contracts'

import type { Reports } from '../ports.ts'
import type { SubjectFacts } from './facts.ts'
import { lookUp, type LookedUp, type LookUpPorts } from './look-up.ts'
import { isTouchDue, type SessionRecord } from './session-record.ts'

export type ResolvedSession =
  | {
      readonly status: 'live'
      readonly proof: string
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
  readonly reports: Reports
}

export async function resolveSessions(
  ports: ResolvePorts,
  audience: Audience,
  ids: readonly SessionId[],
): Promise<Resolution> {
  const { asOf, nowMs, sessions } = await lookUp(ports, ids)
  const seenNow = await touchDue(ports, sessions, nowMs)
  const resolved = sessions.map((found): ResolvedSession => {
    if (found.verdict !== 'live') return { status: 'refused', reason: found.verdict }
    const { session, subject } = found
    const proof = proofFor(session, audience)
    const lastSeenMs = seenNow.has(session.id) ? nowMs : session.lastSeenMs
    return { status: 'live', proof, session: { ...session, lastSeenMs }, subject }
  })
  return { asOf, nowMs, sessions: resolved }
}

function proofFor({ secretHash }: SessionRecord, audience: Audience): string {
  return audience === GATEWAY_AUDIENCE ? secretHash : relayValueFor(secretHash, audience)
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
