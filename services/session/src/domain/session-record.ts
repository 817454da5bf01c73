/**
 * ④ A session as the authority keeps it, and its two clocks: idle and absolute.
 * Promise: a deadline that has been reached is over, at the very millisecond.
 */
import type { ClientId, Position, SecretHash, SessionId, TenantId, UserId } from '@curfew/contracts'

export interface SessionRecord {
  readonly id: SessionId
  readonly secretHash: SecretHash
  readonly tenant: TenantId
  readonly user: UserId
  readonly client: ClientId
  /** The log position that was known before the first credential of this session was read. */
  readonly birth: Position
  readonly createdAtMs: number
  readonly authTimeMs: number
  readonly acr: string
  readonly amr: readonly string[]
  readonly label?: string | undefined
  /** Fixed at creation, so that a changed setting is for new sessions and never prolongs an old one. */
  readonly idleTimeoutMs: number
  readonly expiresAtMs: number
  readonly lastSeenMs: number
}

/** The nearer of the idle and the absolute limit. */
export function idleExpiresAtMs(session: SessionRecord): number {
  return Math.min(session.lastSeenMs + session.idleTimeoutMs, session.expiresAtMs)
}

export function isExpired(session: SessionRecord, nowMs: number): boolean {
  return nowMs >= idleExpiresAtMs(session)
}

/** A sixtieth of the idle timeout: a session in constant use costs the store one write in that time, not one a request. */
const TOUCHES_PER_IDLE_TIMEOUT = 60

export function isTouchDue(session: SessionRecord, nowMs: number): boolean {
  return nowMs - session.lastSeenMs >= session.idleTimeoutMs / TOUCHES_PER_IDLE_TIMEOUT
}
