/**
 * ④ How many live sessions a revocation ends, counted up to a limit.
 * Promise: a count that is not complete says so; counting changes nothing, and no revocation of many waits for it.
 */
import type { Position, Scope, SessionId, Subject } from '@curfew/contracts'

import { within } from '../within.ts'
import type { Watermark } from './facts.ts'
import { listSessions, type SessionFilter } from './list-sessions.ts'
import type { LookUpPorts } from './look-up.ts'
import { asBefore, isWide, type WideFacts, type WideScope } from './wide-facts.ts'

export interface Affected {
  readonly count: number
  readonly isComplete: boolean
  /** Of a count that is not complete: there were no more than these. */
  readonly countMax?: number
  /** Whose session it is, where it is one. */
  readonly owner?: Subject
}

type SharedScope = Exclude<Scope, { type: 'session' }>

interface Counting {
  readonly spared?: SessionId | undefined
  /** Only sessions born before, and as if the scope had last been revoked at `before`. */
  readonly ended?: { readonly at: Position; readonly before: Watermark | undefined }
  readonly isLate?: () => boolean
}

const MAX_PAGES = 40
/** No further page is begun: while the revocation waits, and when it has been answered. */
const ENOUGH_MS = 100
const ENOUGH_AFTERWARDS_MS = 2_000
/** The page that is under way does not come. */
const GIVEN_UP_MS = 200

export async function countAffected(
  ports: LookUpPorts,
  scope: SharedScope,
  { spared, ended, isLate = () => false }: Counting = {},
): Promise<Affected> {
  const asIf =
    ended !== undefined && isWide(scope)
      ? (wide: WideFacts) => asBefore(wide, scope, ended.before)
      : undefined
  const seen = new Set<SessionId>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES && !isLate(); page++) {
    const { sessions, next } = await listSessions(ports, filterOf(scope), { cursor, asIf })
    for (const { session } of sessions)
      if (session.id !== spared && (ended === undefined || session.birth < ended.at)) seen.add(session.id)
    if (next === undefined) return { count: seen.size, isComplete: true }
    cursor = next
  }
  const countMax = scope.type === 'global' ? await ports.sessions.count(ports.clock.nowMs()) : undefined
  return { count: seen.size, isComplete: false, ...(countMax !== undefined && { countMax }) }
}

/** Before a user's sessions are revoked, for the audit trail: they are few. Given up where it takes long all the same. */
export async function countSoon(
  ports: LookUpPorts,
  { scope, except }: { readonly scope: SharedScope; readonly except?: readonly SessionId[] },
): Promise<Affected | undefined> {
  const isLate = lateAfter(ports, ENOUGH_MS)
  const counting = countAffected(ports, scope, { spared: except?.[0], isLate }).catch(() => undefined)
  return within(GIVEN_UP_MS, counting)
}

/**
 * Of a revocation that has taken effect: what it has ended, found by judging as if it had not been.
 * @param before the latest revocation of the scope until then
 */
export async function countEnded(
  ports: LookUpPorts,
  { scope, except }: { readonly scope: WideScope; readonly except?: readonly SessionId[] },
  ended: { readonly at: Position; readonly before: Watermark | undefined },
): Promise<Affected | undefined> {
  const isLate = lateAfter(ports, ENOUGH_AFTERWARDS_MS)
  return countAffected(ports, scope, { spared: except?.[0], ended, isLate }).catch(() => undefined)
}

function lateAfter({ clock }: LookUpPorts, enoughMs: number): () => boolean {
  const lateMs = clock.nowMs() + enoughMs
  return () => clock.nowMs() > lateMs
}

function filterOf(scope: SharedScope): SessionFilter {
  switch (scope.type) {
    case 'global':
      return {}
    case 'tenant':
      return { tenant: scope.tenant }
    case 'client':
      return { client: scope.client }
    case 'user':
      return { tenant: scope.tenant, user: scope.user }
  }
}
