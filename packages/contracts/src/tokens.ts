/**
 * ① ② ③ The two opaque tokens: `cfs_` from a client to the gateway, `cfr_` from the gateway to one audience.
 * Promise: only hashes leave this file's callers; a relay token opens nothing but its own audience.
 */
import { hash, randomBytes } from 'node:crypto'

import type { Audience, SessionId } from './identifiers.ts'

/** 32 random bytes in base64url: the secret half of a session token. */
export type SessionSecret = string & { readonly __brand: 'SessionSecret' }
/** SHA-256 of the secret in base64url (43 characters): what the store, caches and verifiers hold. */
export type SecretHash = string & { readonly __brand: 'SecretHash' }
/** What a relay token of one audience must carry: derived from the hash, useless anywhere else. */
export type RelayValue = string & { readonly __brand: 'RelayValue' }

export interface SessionToken {
  readonly kind: 'session'
  readonly sessionId: SessionId
  readonly secret: SessionSecret
}

export interface RelayToken {
  readonly kind: 'relay'
  readonly sessionId: SessionId
  readonly value: RelayValue
}

const TOKEN = /^cf[sr]_[A-Za-z0-9_-]{65}$/
const LENGTH = 69
const ID_AT = 4
const REST_AT = 26
const PREFIXES = { session: 'cfs_', relay: 'cfr_' }

/** Parses either token; anything else, of whatever length, is undefined. */
export function parseToken(text: string): SessionToken | RelayToken | undefined {
  // The length is checked first so that a megabyte of garbage costs no more than a wrong letter.
  if (text.length !== LENGTH || !TOKEN.test(text)) return undefined
  const { sessionId, rest } = splitToken(text)
  return text.startsWith(PREFIXES.session)
    ? { kind: 'session', sessionId, secret: rest as SessionSecret }
    : { kind: 'relay', sessionId, value: rest as RelayValue }
}

/** Whether it may be a token of this kind, without a look at its letters: for who knows the token and compares it. */
export function isTokenOf(text: string, kind: 'session' | 'relay'): boolean {
  return text.length === LENGTH && text.startsWith(PREFIXES[kind])
}

/** The two halves of what may be a token (`isTokenOf`). */
export function splitToken(text: string): { readonly sessionId: SessionId; readonly rest: string } {
  return { sessionId: text.slice(ID_AT, REST_AT) as SessionId, rest: text.slice(REST_AT) }
}

export function newSessionId(): SessionId {
  return randomBytes(16).toString('base64url') as SessionId
}

export function newSessionSecret(): SessionSecret {
  return randomBytes(32).toString('base64url') as SessionSecret
}

export function formatSessionToken(sessionId: SessionId, secret: SessionSecret): string {
  return `cfs_${sessionId}${secret}`
}

export function formatRelayToken(sessionId: SessionId, value: RelayValue): string {
  return `cfr_${sessionId}${value}`
}

export function hashSecret(secret: SessionSecret): SecretHash {
  return hash('sha256', secret, 'base64url') as SecretHash
}

/** SHA-256(secretHash ‖ 0x00 ‖ "relay" ‖ 0x00 ‖ audience), base64url. */
export function relayValueFor(secretHash: SecretHash, audience: Audience): RelayValue {
  return hash('sha256', `${secretHash}\0relay\0${audience}`, 'base64url') as RelayValue
}
