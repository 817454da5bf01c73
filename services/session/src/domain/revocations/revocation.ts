/**
 * ④ A revocation as a record: what the history lists and what an idempotency key leads back to.
 * Promise: the same operator with the same key always means the same revocation, whichever replica is asked.
 */
import { hash, randomBytes } from 'node:crypto'

import type { LogEntry, LogEntryOf, Position, Scope, SessionId } from '@curfew/contracts'

export interface Revocation {
  readonly id: string
  readonly position: Position
  readonly scope: Scope
  readonly reason: string
  readonly actor: string
  readonly at: string
  readonly except: readonly SessionId[]
}

/** Tells operators' revocations from logouts, which are not part of the history. */
const ID_PREFIX = 'rev_'

export const REVOCATION_ID_PATTERN = '^rev_[A-Za-z0-9_-]{22}$'

export function newRevocationId(): string {
  return ID_PREFIX + randomBytes(16).toString('base64url')
}

export function revocationIdFor(actor: string, idempotencyKey: string): string {
  // Neither part holds a NUL, so no other pair has this text.
  return ID_PREFIX + hash('sha256', `${actor}\0${idempotencyKey}`, 'base64url').slice(0, 22)
}

/** The record of an entry; undefined for entries that are no operator's revocation. */
export function revocationOf(entry: LogEntry, position: Position): Revocation | undefined {
  if (entry.type !== 'revoked' || !entry.id.startsWith(ID_PREFIX)) return undefined
  const { id, scope, reason = '', actor, at, except = [] } = entry
  return { id, position, scope, reason, actor, at, except }
}

/** Whether a repeated key asks for what it asked for the first time. The spared session may be a new one of the same operator. */
export function isSameRequest(
  prior: Pick<Revocation, 'scope' | 'reason' | 'except'>,
  asked: Pick<LogEntryOf<'revoked'>, 'scope' | 'reason'> & { readonly except?: readonly SessionId[] },
): boolean {
  return (
    scopeText(prior.scope) === scopeText(asked.scope) &&
    prior.reason === asked.reason &&
    prior.except.length > 0 === (asked.except ?? []).length > 0
  )
}

/** One text for one scope. */
export function scopeText(scope: Scope): string {
  switch (scope.type) {
    case 'global':
      return 'global'
    case 'tenant':
      return `tenant ${scope.tenant}`
    case 'client':
      return `client ${scope.client}`
    case 'user':
      return `user ${scope.tenant}/${scope.user}`
    case 'session':
      return `session ${scope.session}`
  }
}
