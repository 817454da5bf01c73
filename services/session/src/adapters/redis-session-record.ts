/**
 * ④ A session as a hash in Redis: one-letter fields and short values, so that Redis keeps it as one compact list.
 * Promise: a hash that lacks anything is no session: it is never completed with guesses.
 */
import type { ClientId, Position, SecretHash, SessionId, TenantId, UserId } from '@curfew/contracts'

import type { PendingSecret, Renewal, SessionRecord } from '../domain/session-record.ts'

/** What every session has, and what it may have. */
const NEEDED_FIELDS = ['h', 't', 'u', 'c', 'b', 'n', 'a', 'r', 'm', 'i', 'x', 's'] as const
const OPTIONAL_FIELDS = ['l', 'd', 'k', 'e', 'o', 'q'] as const
export const SESSION_FIELDS = [...NEEDED_FIELDS, ...OPTIONAL_FIELDS] as const

/** Characters of a SHA-256 digest in base64url: digests that stand one after the other need no separator. */
export const DIGEST_LENGTH = 43

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
    ...(session.addressClass !== undefined && { d: session.addressClass }),
  }).flat()
}

/** @param reply of HMGET with SESSION_FIELDS. */
export function sessionFrom(id: SessionId, reply: unknown): SessionRecord | undefined {
  const [h, t, u, c, b, n, a, r, m, i, x, s, ...optional] = reply as (string | null)[]
  if (!h || !t || !u || !c || !b || !n || !a || !r || !m || !i || !x || !s) return undefined
  const [l, d, k, e, o, q] = optional
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
    addressClass: d ?? undefined,
    idleTimeoutMs: Number(i),
    expiresAtMs: Number(x),
    lastSeenMs: Number(s),
    pending: k ? pendingFrom(k) : undefined,
    predecessors: e ? digestsIn(e) : undefined,
    overlapEndsMs: o ? Number(o) : undefined,
    relayOverlapEndsMs: q ? Number(q) : undefined,
  }
}

/** The times of authentication and of both limits: what a re-authentication begins anew. */
export function renewedFieldsOf(session: Renewal): string[] {
  return Object.entries({
    a: String(session.authTimeMs),
    r: session.acr,
    m: JSON.stringify(session.amr),
    i: String(session.idleTimeoutMs),
    x: String(session.expiresAtMs),
    s: String(session.lastSeenMs),
  }).flat()
}

export function pendingText({ secretHash, begunAtMs }: PendingSecret): string {
  return `${secretHash}${begunAtMs}`
}

function pendingFrom(text: string): PendingSecret {
  return {
    secretHash: text.slice(0, DIGEST_LENGTH) as SecretHash,
    begunAtMs: Number(text.slice(DIGEST_LENGTH)),
  }
}

function digestsIn(text: string): SecretHash[] {
  const count = Math.floor(text.length / DIGEST_LENGTH)
  return Array.from(
    { length: count },
    (_, index) => text.slice(index * DIGEST_LENGTH, (index + 1) * DIGEST_LENGTH) as SecretHash,
  )
}
