/** Ids of the log entries that the authority writes about single sessions: the log stores one entry for each id. */
import { randomBytes } from 'node:crypto'

import type { SessionId } from '@curfew/contracts'

/** A second logout of the same session is the same fact. */
export function logoutId(session: SessionId): string {
  return `end_${session}`
}

/** Several old secrets of one session may be presented; the session ends once. */
export function suspicionId(session: SessionId): string {
  return `theft_${session}`
}

export function rotationId(): string {
  return `rot_${randomBytes(16).toString('base64url')}`
}

/** Reasons for which the authority itself ends a session. */
export const SUSPECTED_THEFT = 'suspected theft'
export const SESSION_LIMIT = 'session limit'
