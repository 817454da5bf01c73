/**
 * ④ Lists live sessions page by page.
 * Promise: what is listed would be admitted at that moment; a page costs a bounded amount of work however few it finds.
 */
import { subjectKey, type ClientId, type TenantId, type UserId } from '@curfew/contracts'

import type { IdPage } from '../ports.ts'
import type { SubjectFacts } from './facts.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'
import type { SessionRecord } from './session-record.ts'
import type { WideFacts } from './wide-facts.ts'

export interface SessionFilter {
  readonly tenant?: TenantId | undefined
  /** Only together with a tenant: users are unique within theirs. */
  readonly user?: UserId | undefined
  readonly client?: ClientId | undefined
}

export interface ListedSession {
  readonly session: SessionRecord
  readonly subject: SubjectFacts
}

export interface SessionPage {
  readonly sessions: readonly ListedSession[]
  readonly next: string | undefined
}

/** Which kind of cursor the pages of a filter have. */
export function cursorKindOf(filter: SessionFilter): 'login' | 'index' {
  return filter.tenant !== undefined && filter.user !== undefined ? 'login' : 'index'
}

export interface PageOptions {
  /** The value inside a cursor of the filter's kind; a page may be empty and still have a next one. */
  readonly cursor?: string | undefined
  /** By which wide facts to judge, instead of those that hold. */
  readonly asIf?: ((wide: WideFacts) => WideFacts) | undefined
}

export async function listSessions(
  ports: LookUpPorts,
  filter: SessionFilter,
  { cursor, asIf }: PageOptions = {},
): Promise<SessionPage> {
  const { ids, next } = await pageOf(ports, filter, cursor)
  if (ids.length === 0) return { sessions: [], next }
  const { sessions } = await lookUp(ports, ids, asIf)
  const listed = sessions.flatMap((found) =>
    found.verdict === 'live' && matches(found.session, filter)
      ? [{ session: found.session, subject: found.subject }]
      : [],
  )
  return { sessions: listed, next }
}

async function pageOf(
  { sessions }: LookUpPorts,
  { tenant, user }: SessionFilter,
  cursor: string | undefined,
): Promise<IdPage> {
  if (tenant !== undefined && user !== undefined)
    return sessions.pageOfSubject(subjectKey(tenant, user), cursor)
  return sessions.pageOfAll(cursor)
}

function matches(session: SessionRecord, { tenant, user, client }: SessionFilter): boolean {
  return (
    (tenant === undefined || session.tenant === tenant) &&
    (user === undefined || session.user === user) &&
    (client === undefined || session.client === client)
  )
}
