/**
 * ② What a check can answer.
 * Promise: `refused` is only ever a verdict of the authority or of the token's own form; every kind of trouble is `unsure`.
 */
import type {
  Audience,
  ClientId,
  Permission,
  RefusalReason,
  RoleName,
  SessionId,
  TenantId,
  UserId,
} from '@curfew/contracts'

/**
 * A session that was live when it was checked. It holds no secret: it may be logged and serialised. Roles and permissions
 * are what is known of them now, not what they were at the check.
 */
export interface VerifiedSession {
  readonly id: SessionId
  readonly tenant: TenantId
  readonly user: UserId
  readonly client: ClientId
  readonly createdAt: string
  readonly authTime: string
  readonly acr: string
  readonly amr: readonly string[]
  readonly idleExpiresAt: string
  readonly expiresAt: string
  readonly roles: readonly RoleName[]
  readonly permissions: ReadonlySet<Permission>
  readonly label?: string | undefined
}

/**
 * For logs and metrics; outside, all of them look the same. `mismatch`: the secret was never one of this session;
 * `predecessor`: it was, its time is over, and somebody else may have it.
 */
export type RefusedReason = RefusalReason | 'malformed' | 'mismatch' | 'predecessor'

export type Verdict =
  | { readonly kind: 'admitted'; readonly session: VerifiedSession }
  | { readonly kind: 'refused'; readonly reason: RefusedReason }
  | { readonly kind: 'unsure'; readonly retryAfterMs: number }

export interface CheckOptions {
  /**
   * When nobody can be asked: a session that is remembered, and not known to be over, is admitted for so long after the
   * lease was last seen to hold. Whatever the log says in that time counts; a lost connection to the broker ends it at
   * once. 0 when not given: every check is worth the full promise.
   */
  readonly maxStalenessMs?: number
  /** False for what merely lasts, such as a stream of events: it renews no idle limit. True when not given. */
  readonly isActivity?: boolean
}

export interface WatchOptions {
  /** Those that the stream needs for as long as it lasts. */
  readonly permissions: readonly Permission[]
  /** Called when what the session may do has turned out to be something else, with the session as it is now. */
  readonly onChanged?: (session: VerifiedSession) => void
}

export interface SessionWatch {
  /**
   * Fires when the session ends, loses one of the permissions, or nobody could say for the length of a lease whether it
   * has. Its reason is a SessionEnded.
   */
  readonly signal: AbortSignal
  /** The stream is over. */
  readonly release: () => void
}

export interface Verifier {
  /** Synchronous when the answer is in memory, a promise when a replica must be asked. Never rejects: trouble is `unsure`. */
  check(token: string, options?: CheckOptions): Verdict | Promise<Verdict>
  /**
   * For what outlives the check that admitted it: event streams, downloads.
   * @throws Error for a session that this package did not admit
   */
  watch(session: VerifiedSession, options: WatchOptions): SessionWatch
  /**
   * The relay token that `audience` will accept for this session, as it stands in `Authorization`: `Bearer cfr_…` (RFC 6750
   * §2.1).
   * @throws Error for a session that this verifier did not admit, and outside the gateway: only the gateway knows enough.
   */
  relayCredentials(session: VerifiedSession, audience: Audience): string
  /**
   * How long ago somebody last authenticated for this session, at most: no clock of another machine is compared.
   * @throws Error for a session that this package did not admit
   */
  authAgeMs(session: VerifiedSession): number
  /** True under a lease, or while a replica answers. */
  readonly ready: boolean
  /** Drops the lease, ends what is watched, answers who waits, and leaves; the connection stays open. */
  close(): Promise<void>
}

/** The part of a pino logger that the verifier writes to. */
export interface VerifierLogger {
  info(fields: object): void
  warn(fields: object): void
  error(fields: object): void
}
