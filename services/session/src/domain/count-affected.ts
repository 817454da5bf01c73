/**
 * ④ How many live sessions a revocation would end, counted up to a limit.
 * Promise: a count that is not complete says so; counting changes nothing.
 */
import type { LogEntryOf, Scope, SessionId, Subject } from '@curfew/contracts'

import { within } from '../within.ts'
import { listSessions, type SessionFilter } from './list-sessions.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'

export interface Affected {
  readonly count: number
  readonly isComplete: boolean
  /** Whose session it is, where it is one. */
  readonly owner?: Subject
}

const MAX_PAGES = 40
/** No further page is begun. */
const ENOUGH_MS = 100
/** The page that is under way does not come. */
const GIVEN_UP_MS = 200

export async function countAffected(
  ports: LookUpPorts,
  scope: Scope,
  spared: SessionId | undefined,
  isLate = (): boolean => false,
): Promise<Affected> {
  if (scope.type === 'session') return countOne(ports, scope.session)
  const seen = new Set<SessionId>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES && !isLate(); page++) {
    const { sessions, next } = await listSessions(ports, filterOf(scope), cursor)
    for (const { session } of sessions) if (session.id !== spared) seen.add(session.id)
    if (next === undefined) return { count: seen.size, isComplete: true }
    cursor = next
  }
  return { count: seen.size, isComplete: false }
}

/** For the audit trail: a revocation waits for it, so it is given up where it takes long. */
export async function countSoon(
  ports: LookUpPorts,
  { scope, except }: Pick<LogEntryOf<'revoked'>, 'scope' | 'except'>,
): Promise<Affected | undefined> {
  const lateMs = ports.clock.nowMs() + ENOUGH_MS
  const isLate = (): boolean => ports.clock.nowMs() > lateMs
  const counting = countAffected(ports, scope, except?.[0], isLate).catch(() => undefined)
  return within(GIVEN_UP_MS, counting)
}

async function countOne(ports: LookUpPorts, id: SessionId): Promise<Affected> {
  const [found] = (await lookUp(ports, [id])).sessions
  if (found === undefined || found.verdict === 'unknown') return { count: 0, isComplete: true }
  const { tenant, user } = found.session
  return { count: found.verdict === 'live' ? 1 : 0, isComplete: true, owner: { tenant, user } }
}

function filterOf(scope: Exclude<Scope, { type: 'session' }>): SessionFilter {
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
