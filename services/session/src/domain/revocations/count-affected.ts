/**
 * ④ How many live sessions a revocation ends, counted up to a limit.
 * Promise: a count that is not complete says so; counting ends nothing, and no revocation of many waits for it.
 */
import { subjectKey, type Position, type Scope, type SessionId } from '@curfew/contracts'

import type { Watermark } from '../log/facts.ts'
import { asBefore, type WideScope } from '../log/wide-facts.ts'
import { listSessions, matches, type SessionFilter } from '../sessions/list-sessions.ts'
import { lookUp, type LookUpPorts } from '../sessions/look-up.ts'
import type { Directory, OverSession } from '../sessions/ports.ts'
import { isDecidedSince } from '../sessions/validity.ts'
import { partial, type Affected } from './affected.ts'

type SharedScope = Exclude<Scope, { type: 'session' }>

interface Counting {
  readonly spared?: SessionId | undefined
  readonly isLate?: () => boolean
}

const MAX_PAGES = 40
/** Nobody waits for these: the time is what ends them. */
const MAX_PAGES_AFTERWARDS = 400
/** No further page is begun: while the revocation waits, and when it has been answered. */
const ENOUGH_MS = 100
const ENOUGH_AFTERWARDS_MS = 2_000

export async function countAffected(
  ports: LookUpPorts,
  scope: SharedScope,
  { spared, isLate = () => false }: Counting = {},
): Promise<Affected> {
  const seen = new Set<SessionId>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES && !isLate(); page++) {
    const { sessions, next } = await listSessions(ports, filterOf(scope), { cursor })
    for (const { session } of sessions) if (session.id !== spared) seen.add(session.id)
    if (next === undefined) return { count: seen.size, isComplete: true }
    cursor = next
  }
  // The index holds sessions of all tenants: its size is a limit for what everyone may learn about everyone only.
  const isOfAll = scope.type === 'global' || scope.type === 'client'
  const countMax = isOfAll ? await ports.sessions.count(ports.clock.nowMs()) : undefined
  return partial(seen.size, countMax)
}

/** Counts the sessions of one user before they are revoked: they are few. Begins no further page after a tenth of a second. */
export async function countBefore(
  ports: LookUpPorts,
  { scope, except }: { readonly scope: SharedScope; readonly except?: readonly SessionId[] },
): Promise<Affected> {
  return countAffected(ports, scope, { spared: except?.[0], isLate: lateAfter(ports, ENOUGH_MS) })
}

/** Whether the directory knows whose sessions a revocation is to end; undefined where that is no question, or cannot be said. */
export async function knowsTarget(directory: Directory, scope: Scope): Promise<boolean | undefined> {
  if (scope.type !== 'user' && scope.type !== 'tenant') return undefined
  return directory.knows(scope).catch(() => undefined)
}

/** A revocation of many that has taken effect. */
export interface Ended {
  readonly scope: WideScope
  readonly except?: readonly SessionId[]
  readonly at: Position
  /** The latest revocation of the scope until then. */
  readonly before: Watermark | undefined
}

/**
 * Counts the sessions that a revocation has ended, by judging them as if it had not been. The sessions found leave the index: from then on
 * no count or list comes across them again.
 */
export async function countEnded(ports: LookUpPorts, ended: Ended): Promise<Affected | undefined> {
  return countPages(ports, ended, lateAfter(ports, ENOUGH_AFTERWARDS_MS)).catch(() => undefined)
}

async function countPages(ports: LookUpPorts, ended: Ended, isLate: () => boolean): Promise<Affected> {
  const counted = new Map<SessionId, OverSession>()
  let isContested = false
  let cursor: string | undefined
  let isComplete = false
  for (let page = 0; page < MAX_PAGES_AFTERWARDS && !isComplete && !isLate(); page++) {
    const { ids, next } = await ports.sessions.pageOfAll(cursor)
    const { wasLive, mayHaveBeen } = await judgePage(ports, ended, ids)
    for (const session of wasLive) counted.set(session.id, session)
    isContested ||= mayHaveBeen
    cursor = next
    isComplete = next === undefined
  }
  const over = [...counted.values()]
  for (let at = 0; at < over.length; at += UNLISTED_AT_ONCE)
    await ports.sessions.unlist(over.slice(at, at + UNLISTED_AT_ONCE))
  if (isComplete && !isContested) return { count: counted.size, isComplete }
  return partial(counted.size, undefined)
}

const UNLISTED_AT_ONCE = 256

async function judgePage(ports: LookUpPorts, ended: Ended, ids: readonly SessionId[]) {
  const { scope, except = [], at, before } = ended
  const wasLive: OverSession[] = []
  let mayHaveBeen = false
  const { sessions } =
    ids.length === 0 ? { sessions: [] } : await lookUp(ports, ids, (wide) => asBefore(wide, scope, before))
  for (const found of sessions) {
    if (found.verdict === 'unknown') continue
    const { session, subject } = found
    if (session.birth >= at || except.includes(session.id) || !matches(session, filterOf(scope))) continue
    if (found.verdict === 'live')
      wasLive.push({ id: session.id, subject: subjectKey(session.tenant, session.user) })
    // Of each scope only the latest fact is known: whether the session was live before that one is not.
    else if (found.verdict !== 'expired')
      mayHaveBeen ||= isDecidedSince(at, session, { subject, wide: ports.view.wide })
  }
  return { wasLive, mayHaveBeen }
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
