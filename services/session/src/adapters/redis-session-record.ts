/**
 * ④ A session as a hash in Redis: one-letter fields and short values, so that Redis keeps it as one compact list.
 * Promise: a hash that lacks anything is no session: it is never completed with guesses.
 */
import type { ClientId, Position, SecretHash, SessionId, TenantId, UserId } from '@curfew/contracts'

import type { SessionRecord } from '../domain/session-record.ts'

export const SESSION_FIELDS = ['h', 't', 'u', 'c', 'b', 'n', 'a', 'r', 'm', 'l', 'i', 'x', 's'] as const

export function fieldsOf(session: SessionRecord): string[] {
  return Object.entries({
    h: session.secretHash,
    t: session.tenant,
    u: session.user,
    c: session.client,
    b: session.birth,
    n: String(session.createdAtMs),
    a: String(session.authTimeMs),
    r: session.acr,
    m: JSON.stringify(session.amr),
    i: String(session.idleTimeoutMs),
    x: String(session.expiresAtMs),
    s: String(session.lastSeenMs),
    ...(session.label !== undefined && { l: session.label }),
  }).flat()
}

/** @param reply of HMGET with SESSION_FIELDS. */
export function sessionFrom(id: SessionId, reply: unknown): SessionRecord | undefined {
  const [h, t, u, c, b, n, a, r, m, l, i, x, s] = reply as (string | null)[]
  if (!h || !t || !u || !c || !b || !n || !a || !r || !m || !i || !x || !s) return undefined
  return {
    id,
    secretHash: h as SecretHash,
    tenant: t as TenantId,
    user: u as UserId,
    client: c as ClientId,
    birth: b as Position,
    createdAtMs: Number(n),
    authTimeMs: Number(a),
    acr: r,
    amr: JSON.parse(m) as string[],
    label: l ?? undefined,
    idleTimeoutMs: Number(i),
    expiresAtMs: Number(x),
    lastSeenMs: Number(s),
  }
}
