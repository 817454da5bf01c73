/**
 * ④ Finds the session of a token that somebody presents without being its bearer.
 * Promise: every way of not being live takes the same steps, so that neither the answer nor its time tells them apart.
 */
import {
  hashSecret,
  newSessionId,
  parseToken,
  type SessionId,
  type SubjectKey,
  type TenantId,
} from '@curfew/contracts'

import type { SubjectFacts } from '../log/facts.ts'
import { effectivePermissions } from '../log/permissions.ts'
import type { IntrospectionLimits } from './clients.ts'
import { lookUp, lookUpSubject, type LookUpPorts } from './look-up.ts'
import type { SessionReports } from './ports.ts'
import type { TokenVerdict } from './ports.ts'
import { touchDue } from './resolve-sessions.ts'
import { standingOf } from './secret-standing.ts'
import { idleExpiresAtMs, type SessionRecord } from './session-record.ts'

export interface ExaminePorts extends LookUpPorts {
  readonly reports: SessionReports
}

export type Examined =
  | {
      readonly verdict: 'live'
      readonly session: SessionRecord
      readonly subject: SubjectFacts
      readonly nowMs: number
    }
  | { readonly verdict: Exclude<TokenVerdict, 'live' | 'not-allowed'>; readonly sessionId?: SessionId }

/** Holds a character that no name may hold. */
const NOBODY = '/' as SubjectKey

export async function examineToken(ports: ExaminePorts, token: string): Promise<Examined> {
  const parsed = parseToken(token)
  const { sessions, nowMs } = await lookUp(ports, [parsed?.sessionId ?? newSessionId()])
  const [found] = sessions
  // What a session that is there costs: the reading of its subject.
  if (found === undefined || found.verdict === 'unknown') await lookUpSubject(ports, NOBODY)
  if (parsed === undefined) return { verdict: 'malformed' }
  const { sessionId } = parsed
  if (parsed.kind === 'relay') return { verdict: 'relay', sessionId }
  const verdict = found?.verdict ?? 'unknown'
  if (found === undefined || found.verdict === 'unknown') return { verdict: 'unknown', sessionId }
  const { session, subject } = found
  const standing = standingOf(session, hashSecret(parsed.secret), nowMs)
  if (standing !== 'current' && standing !== 'previous') return { verdict: 'mismatch', sessionId }
  return verdict === 'live' ? { verdict, session, subject, nowMs } : { verdict, sessionId }
}

/** What one client is told about a live token. */
export interface TokenView {
  readonly session: SessionRecord
  readonly permissions: readonly string[]
  readonly expiresAtMs: number
}

/** Undefined for every token that this client is not to know of, for whatever reason. */
export async function viewOfToken(
  ports: ExaminePorts,
  examined: Examined,
  limits: IntrospectionLimits | undefined,
): Promise<TokenView | undefined> {
  if (examined.verdict !== 'live') return undefined
  const { session, subject, nowMs } = examined
  if (limits === undefined || !isAmong(session.tenant, limits.tenants)) return undefined
  // Who asks has been shown the token by somebody who uses it.
  const seenNow = await touchDue(ports, [{ verdict: 'live', session, subject }], nowMs)
  const seen = seenNow.has(session.id) ? { ...session, lastSeenMs: nowMs } : session
  const permissions = effectivePermissions(session.tenant, subject.grants, ports.view.wide)
  const { permissions: prefixes } = limits
  const told = permissions.filter(
    (permission) => prefixes === undefined || prefixes.some((prefix) => permission.startsWith(prefix)),
  )
  return { session: seen, permissions: told, expiresAtMs: idleExpiresAtMs(seen) }
}

function isAmong(tenant: TenantId, tenants: readonly TenantId[] | undefined): boolean {
  return tenants === undefined || tenants.includes(tenant)
}
