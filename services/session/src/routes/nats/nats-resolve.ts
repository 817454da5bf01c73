/**
 * ② ④ `curfew.<epoch>.resolve.<audience>`: a verifier's misses.
 * Promise: the audience is the one in the subject, which the broker lets only that service use; a session with so many
 * permissions that an answer has no room for it keeps no other session from being answered.
 */
import {
  AudienceSchema,
  MAX_ANSWER_BYTES,
  RESOLVE,
  formatPosition,
  resolveSubject,
  type Audience,
  type Resolved,
} from '@curfew/contracts'
import { Compile } from 'typebox/compile'

import { jsonBytes } from '../../domain/log/permission-bounds.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import type { ResolveResult } from '../../domain/sessions/ports.ts'
import {
  resolveSessions,
  type ResolvePorts,
  type ResolvedSession,
} from '../../domain/sessions/resolve-sessions.ts'
import { idleExpiresAtMs } from '../../domain/sessions/session-record.ts'
import { sessionInfo } from '../shared/session-json.ts'
import type { Answers } from './answers.ts'

const APPLIED_WITHIN_MS = 500
/** Of one service. Each may read 256 sessions, and Redis has other work: logins, redemptions, the checks of other services. */
const UNDER_WAY_MAX = 16
const audience = Compile(AudienceSchema)

export function answerResolve(answers: Answers, ports: ResolvePorts, epoch: number): void {
  answers.to(
    RESOLVE,
    resolveSubject(epoch, '*' as Audience),
    async ({ sessions: ids, minSeq, passive = [] }, { subject }) => {
      // The asker knows more of the log than this replica: an answer from before would be thrown away there.
      if (!(await ports.log.waitFor(formatPosition(epoch, minSeq), APPLIED_WITHIN_MS)))
        throw new Unavailable('behind-asker')
      const { asOf, nowMs, sessions } = await resolveSessions(ports, audienceOf(subject), {
        ids,
        passive: new Set(passive),
      })
      const answered = fitting(sessions.map((resolved) => resolvedAnswer(resolved, ports, nowMs)))
      ports.reports.sessionsResolved(countResults(answered))
      return { asOf, sessions: answered }
    },
    { underWayMax: UNDER_WAY_MAX },
  )
}

function resolvedAnswer(resolved: ResolvedSession, { view }: ResolvePorts, nowMs: number): Resolved {
  if (resolved.status === 'refused') return resolved
  const { proofs, session } = resolved
  const { proof, isRotating, predecessors, overlapEndsMs } = proofs
  return {
    status: 'live',
    proof,
    birth: session.birth,
    session: sessionInfo(resolved, view.wide),
    // Both are above zero, because at zero the session would have been refused.
    idleRemainingMs: idleExpiresAtMs(session) - nowMs,
    remainingMs: session.expiresAtMs - nowMs,
    // The clock of the replica that noted the time may be ahead.
    authAgeMs: Math.max(0, nowMs - session.authTimeMs),
    ...(isRotating && { isRotating }),
    ...(predecessors.length > 0 && {
      predecessors: [...predecessors],
      overlapRemainingMs: overlapEndsMs - nowMs,
    }),
  }
}

function audienceOf(subject: string): Audience {
  const last = subject.slice(subject.lastIndexOf('.') + 1)
  if (!audience.Check(last)) throw new Error('the subject names no audience')
  return last
}

/** The smallest first, so that nobody's large ones are in the way of others. */
function fitting(answers: readonly Resolved[]): Resolved[] {
  const sized = answers.map((answer, index) => ({ index, bytes: jsonBytes(answer) }))
  const kept = new Set<number>()
  let total = 0
  for (const { index, bytes } of sized.toSorted((a, b) => a.bytes - b.bytes)) {
    total += bytes
    if (total <= MAX_ANSWER_BYTES) kept.add(index)
  }
  return answers.map((answer, index) => (kept.has(index) ? answer : { status: 'left-out' }))
}

function countResults(answers: readonly Resolved[]): Map<ResolveResult | 'left-out', number> {
  const counts = new Map<ResolveResult | 'left-out', number>()
  for (const resolved of answers) {
    const result = resolved.status === 'refused' ? resolved.reason : resolved.status
    counts.set(result, (counts.get(result) ?? 0) + 1)
  }
  return counts
}
