/** The entries that the authority writes about single sessions, and their ids: the log stores one entry for each id. */
import { randomBytes } from 'node:crypto'

import { entryHead, type LogEntryOf, type SessionId } from '@curfew/contracts'

/** A second logout of the same session is the same fact. */
export function logoutId(session: SessionId): string {
  return `end_${session}`
}

/** Several old secrets of one session may be presented; the session ends once. */
export function suspicionId(session: SessionId): string {
  return `theft_${session}`
}

export interface SessionEnd {
  readonly id: string
  readonly session: SessionId
  readonly reason: string
  readonly atMs: number
  /** `system` without it. */
  readonly actor?: string
}

export function sessionEnded({ id, session, reason, atMs, actor }: SessionEnd): LogEntryOf<'revoked'> {
  return { ...entryHead(id, atMs, actor), type: 'revoked', reason, scope: { type: 'session', session } }
}

/** The secret of a session has changed: verifiers forget it and resolve it again. */
export function sessionRotated(session: SessionId, atMs: number): LogEntryOf<'rotated'> {
  return { ...entryHead(`rot_${randomBytes(16).toString('base64url')}`, atMs), type: 'rotated', session }
}

/** Reasons for which the authority itself ends a session. */
export const SUSPECTED_THEFT = 'suspected theft'
export const SESSION_LIMIT = 'session limit'
