/**
 * ④ How many live sessions a revocation would end, counted up to a limit.
 * Promise: a count that is not complete says so; counting changes nothing.
 */
import type { Scope, SessionId } from '@curfew/contracts'

import { listSessions, type SessionFilter } from './list-sessions.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'

export interface Affected {
  readonly count: number
  readonly isComplete: boolean
}

const MAX_PAGES = 40

export async function countAffected(
  ports: LookUpPorts,
  scope: Scope,
  spared: SessionId | undefined,
): Promise<Affected> {
  if (scope.type === 'session') {
    const { sessions } = await lookUp(ports, [scope.session])
    return { count: sessions[0]?.verdict === 'live' ? 1 : 0, isComplete: true }
  }
  const seen = new Set<SessionId>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const { sessions, next } = await listSessions(ports, filterOf(scope), cursor)
    for (const { session } of sessions) if (session.id !== spared) seen.add(session.id)
    if (next === undefined) return { count: seen.size, isComplete: true }
    cursor = next
  }
  return { count: seen.size, isComplete: false }
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
