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
  /** A registered client has begun it, not the gateway. */
  readonly isClientMade?: boolean | undefined
  /** The log position that was known before the first credential of this session was read. */
  readonly birth: Position
  readonly createdAtMs: number
  readonly authTimeMs: number
  readonly acr: string
  readonly amr: readonly string[]
  readonly label?: string | undefined
  /** The network that the login came from, cut so that it names no single line. */
  readonly addressClass?: string | undefined
  /** Fixed at authentication, so that a changed setting is for new sessions and never prolongs an old one. */
  readonly idleTimeoutMs: number
  readonly expiresAtMs: number
  readonly lastSeenMs: number
  /** The secret that a rotation under way will put in place; nobody has it yet. */
  readonly pending?: PendingSecret | undefined
  /** Hashes of earlier secrets, newest first, as many as are remembered. */
  readonly predecessors?: readonly SecretHash[] | undefined
  /** Until when the newest predecessor is accepted of clients: moved back to soon after the first use of its successor. */
  readonly overlapEndsMs?: number | undefined
  /** Until when relay tokens made from it are accepted: requests may be on their way between services. */
  readonly relayOverlapEndsMs?: number | undefined
}

/** The registered client that has begun the session; undefined for the sessions that the gateway has begun. */
export function groupOf({ isClientMade, client }: SessionRecord): ClientId | undefined {
  return isClientMade === true ? client : undefined
}

/** What a re-authentication changes of a session. */
export type Renewal = Pick<
  SessionRecord,
  'authTimeMs' | 'acr' | 'amr' | 'idleTimeoutMs' | 'expiresAtMs' | 'lastSeenMs'
>

/** The part of a session that a re-authentication has changed, with the creation that its times are counted from. */
export type RenewedSession = Renewal & Pick<SessionRecord, 'createdAtMs'>

export interface PendingSecret {
  readonly secretHash: SecretHash
  readonly begunAtMs: number
}

/** The nearer of the idle and the absolute limit. */
export function idleExpiresAtMs(
  session: Pick<SessionRecord, 'lastSeenMs' | 'idleTimeoutMs' | 'expiresAtMs'>,
): number {
  return Math.min(session.lastSeenMs + session.idleTimeoutMs, session.expiresAtMs)
}

export function isExpired(session: SessionRecord, nowMs: number): boolean {
  return nowMs >= idleExpiresAtMs(session)
}

/** A record stays for a while after its session is over, so that somebody can say whose it was (expire-sessions.ts). */
export const REMAINS_MS = 120_000

/** A sixtieth of the idle timeout: a session in constant use costs the store one write in that time, not one a request. */
const TOUCHES_PER_IDLE_TIMEOUT = 60

export function isTouchDue(session: SessionRecord, nowMs: number): boolean {
  return nowMs - session.lastSeenMs >= session.idleTimeoutMs / TOUCHES_PER_IDLE_TIMEOUT
}
