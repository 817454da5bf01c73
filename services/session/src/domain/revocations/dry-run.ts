/**
 * ④ Whom a revocation would hit, counted without doing it.
 * Promise: bounded work and no trace; what was not counted to its end says so.
 */
import type { Scope, SessionId, TenantId } from '@curfew/contracts'

import { Unavailable } from '../log/unavailable.ts'
import { listSessions, type SessionFilter } from '../sessions/list-sessions.ts'
import type { LookUpPorts } from '../sessions/look-up.ts'
import { partial, type Affected } from './affected.ts'
import { countAffected } from './count-affected.ts'

export interface WouldAffect extends Affected {
  /** The most affected first; each counted as far as all are. */
  readonly tenants: readonly { readonly tenant: TenantId; readonly sessions: number }[]
}

const MAX_PAGES = 40
const ENOUGH_MS = 1_000
const MAX_TENANTS = 100

/** @param found what is known of the session where it is one (revocation-reach.ts) */
export async function wouldAffect(
  ports: LookUpPorts,
  scope: Scope,
  { found, spared }: { readonly found: Affected | undefined; readonly spared: SessionId | undefined },
): Promise<WouldAffect> {
  if (scope.type === 'global') return tally(ports, {}, spared)
  if (scope.type === 'client') return tally(ports, { client: scope.client }, spared)
  const affected = scope.type === 'session' ? found : await countAffected(ports, scope, { spared })
  if (affected === undefined) throw new Unavailable('redis-lost')
  const { count, owner } = affected
  const tenant = scope.type === 'session' ? owner?.tenant : scope.tenant
  return {
    ...affected,
    tenants: tenant === undefined || count === 0 ? [] : [{ tenant, sessions: count }],
  }
}

/** What a page holds of two may come twice, so ids are told apart. */
async function tally(
  ports: LookUpPorts,
  filter: SessionFilter,
  spared: SessionId | undefined,
): Promise<WouldAffect> {
  const lateMs = ports.clock.nowMs() + ENOUGH_MS
  const owners = new Map<SessionId, TenantId>()
  let cursor: string | undefined
  let isComplete = false
  for (let page = 0; page < MAX_PAGES && !isComplete && ports.clock.nowMs() <= lateMs; page++) {
    const { sessions, next } = await listSessions(ports, filter, { cursor })
    for (const { session } of sessions) if (session.id !== spared) owners.set(session.id, session.tenant)
    cursor = next
    isComplete = next === undefined
  }
  const counts = new Map<TenantId, number>()
  for (const tenant of owners.values()) counts.set(tenant, (counts.get(tenant) ?? 0) + 1)
  const tenants = [...counts]
    .map(([tenant, sessions]) => ({ tenant, sessions }))
    .toSorted((a, b) => b.sessions - a.sessions || (a.tenant < b.tenant ? -1 : 1))
    .slice(0, MAX_TENANTS)
  if (isComplete) return { count: owners.size, isComplete, tenants }
  return { ...partial(owners.size, await ports.sessions.count(ports.clock.nowMs())), tenants }
}
