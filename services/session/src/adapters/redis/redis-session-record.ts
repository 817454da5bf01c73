/**
 * ④ A session as a hash in Redis: one-letter fields and short values, so that Redis keeps it as one compact list.
 * Promise: a hash that lacks anything is no session: it is never completed with guesses.
 */
import {
  subjectKey,
  subjectOf,
  type ClientId,
  type Position,
  type SecretHash,
  type SessionId,
  type SubjectKey,
} from '@curfew/contracts'

import type { PendingSecret, RenewedSession, SessionRecord } from '../../domain/sessions/session-record.ts'

/**
 * What every session has, and what it may have. What changes together is one field. All times count from the creation: small
 * numbers take less room.
 */
const NEEDED_FIELDS = ['h', 'u', 'c', 'b', 'n', 'a', 's'] as const
const OPTIONAL_FIELDS = ['l', 'd', 'r', 'k', 'e', 'o', 'q'] as const
export const SESSION_FIELDS = [...NEEDED_FIELDS, ...OPTIONAL_FIELDS] as const

/** Characters of a SHA-256 digest in base64url: digests that stand one after the other need no separator. */
export const DIGEST_LENGTH = 43

export function fieldsOf(session: SessionRecord): string[] {
  return Object.entries({
    h: session.secretHash,
    u: subjectKey(session.tenant, session.user),
    c: session.client,
    b: session.birth,
    n: String(session.createdAtMs),
    ...timedFieldsOf(session),
    ...(session.label !== undefined && { l: session.label }),
    ...(session.addressClass !== undefined && { d: session.addressClass }),
    ...(session.isClientMade === true && { r: '1' }),
  }).flat()
}

/** @param reply of HMGET with SESSION_FIELDS. */
export function sessionFrom(id: SessionId, reply: unknown): SessionRecord | undefined {
  const [h, u, c, b, n, a, s, ...optional] = reply as (string | null)[]
  if (!h || !u || !c || !b || !n || !a || !s) return undefined
  const [l, d, r, k, e, o, q] = optional
  const createdAtMs = Number(n)
  const [authenticated, absoluteLimit, idleTimeoutMs, acr, ...amr] = JSON.parse(a) as Authentication
  return {
    id,
    secretHash: h as SecretHash,
    ...subjectOf(u as SubjectKey),
    client: c as ClientId,
    ...(r && { isClientMade: true }),
    birth: b as Position,
    createdAtMs,
    authTimeMs: createdAtMs + authenticated,
    acr,
    amr,
    label: l ?? undefined,
    addressClass: d ?? undefined,
    idleTimeoutMs,
    expiresAtMs: createdAtMs + absoluteLimit,
    lastSeenMs: createdAtMs + Number(s),
    pending: k ? pendingFrom(k) : undefined,
    predecessors: e ? digestsIn(e) : undefined,
    overlapEndsMs: o ? Number(o) : undefined,
    relayOverlapEndsMs: q ? Number(q) : undefined,
  }
}

/** What a re-authentication begins anew. */
export function renewedFieldsOf(session: RenewedSession): string[] {
  return Object.entries(timedFieldsOf(session)).flat()
}

/** When the person authenticated, the absolute limit, the idle timeout, `acr`, and `amr`. TOUCH_SESSION reads it too. */
type Authentication = [number, number, number, string, ...string[]]

function timedFieldsOf(session: RenewedSession): { a: string; s: string } {
  const { createdAtMs, authTimeMs, expiresAtMs, idleTimeoutMs, acr, amr, lastSeenMs } = session
  const authentication: Authentication = [
    authTimeMs - createdAtMs,
    expiresAtMs - createdAtMs,
    idleTimeoutMs,
    acr,
    ...amr,
  ]
  return { a: JSON.stringify(authentication), s: String(lastSeenMs - createdAtMs) }
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
