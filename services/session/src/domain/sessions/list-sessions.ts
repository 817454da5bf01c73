/**
 * ④ Lists live sessions page by page.
 * Promise: what is listed would be admitted at that moment; a page costs a bounded amount of work however few it finds, and
 * has a bounded size however much its sessions may do.
 */
import { subjectKey, type ClientId, type SessionId, type TenantId, type UserId } from '@curfew/contracts'

import type { SubjectFacts } from '../log/facts.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'
import type { IdPage, SessionStore } from './ports.ts'
import type { SessionRecord } from './session-record.ts'

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

export interface PageRequest {
  /** The value inside a cursor of the filter's kind; not given for the first page. */
  readonly cursor?: string | undefined
  /** Ids that the store reads; STORE_PAGE_SIZE when not given. */
  readonly limit?: number
}

/** One page of the store; it may be empty and still have a next one. */
export async function listSessions(
  ports: LookUpPorts,
  filter: SessionFilter,
  page: PageRequest,
): Promise<SessionPage> {
  const { ids, next } = await pageOf(ports.sessions, filter, page)
  if (ids.length === 0) return { sessions: [], next }
  const { sessions } = await lookUp(ports, ids)
  const listed = sessions.flatMap((found) =>
    found.verdict === 'live' && matches(found.session, filter)
      ? [{ session: found.session, subject: found.subject }]
      : [],
  )
  return { sessions: listed, next }
}

/** A page is worth showing. */
const ENOUGH = 50
/** So many pages of the store are looked through for one of ours: some 5,000 sessions, or all parts of a small index. */
const MAX_PAGES = 20
/** Ids on a page of the store: one look-up batch of a verifier. */
export const STORE_PAGE_SIZE = 256
/** A page of ours is no larger, unless a single session is. */
const MAX_BYTES = 512 * 1_024

export interface Finding {
  readonly cursor: string | undefined
  /** The size of one session on the page. */
  readonly bytesOf: (listed: ListedSession) => number
}

/**
 * As `listSessions`, of as many pages as it takes to find something worth showing. A page that is empty and has a next one
 * means that none of the thousands looked at matches.
 */
export async function findSessions(
  ports: LookUpPorts,
  filter: SessionFilter,
  { cursor, bytesOf }: Finding,
): Promise<SessionPage> {
  const found = new Map<SessionId, ListedSession>()
  let next = cursor
  let bytes = 0
  let limit = STORE_PAGE_SIZE
  for (let pages = 0; pages < MAX_PAGES && found.size < ENOUGH; pages++) {
    const page = await listSessions(ports, filter, { cursor: next, limit })
    const pageBytes = page.sessions.reduce((sum, listed) => sum + bytesOf(listed), 0)
    if (bytes + pageBytes > MAX_BYTES) {
      if (found.size > 0) break
      if (limit > 1) {
        limit = Math.ceil(limit / 4)
        continue
      }
    }
    bytes += pageBytes
    // A session that is used meanwhile moves on in the index, and may come twice.
    for (const listed of page.sessions) found.set(listed.session.id, listed)
    next = page.next
    if (next === undefined) break
  }
  return { sessions: [...found.values()], next }
}

async function pageOf(
  sessions: SessionStore,
  { tenant, user }: SessionFilter,
  { cursor, limit }: PageRequest,
): Promise<IdPage> {
  if (tenant !== undefined && user !== undefined)
    return sessions.pageOfSubject(subjectKey(tenant, user), cursor, limit)
  return sessions.pageOfAll(cursor, limit)
}

export function matches(session: SessionRecord, { tenant, user, client }: SessionFilter): boolean {
  return (
    (tenant === undefined || session.tenant === tenant) &&
    (user === undefined || session.user === user) &&
    (client === undefined || session.client === client)
  )
}
