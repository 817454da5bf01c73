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

/** A session that was live when it was checked. It holds no secret: it may be logged and serialised. */
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
  readonly label?: string
}

/** For logs and metrics; outside, all of them look the same. */
export type RefusedReason = RefusalReason | 'malformed' | 'mismatch'

export type Verdict =
  | { readonly kind: 'admitted'; readonly session: VerifiedSession }
  | { readonly kind: 'refused'; readonly reason: RefusedReason }
  | { readonly kind: 'unsure'; readonly retryAfterMs: number }

export interface Verifier {
  /** Synchronous when the answer is in memory, a promise when a replica must be asked. Never rejects: trouble is `unsure`. */
  check(token: string): Verdict | Promise<Verdict>
  /**
   * The relay token that `audience` will accept for this session.
   * @throws Error for a session that this verifier did not admit, and outside the gateway: only the gateway knows enough.
   */
  relayToken(session: VerifiedSession, audience: Audience): string
  /** False until a replica has answered, and again while none does. */
  readonly ready: boolean
  close(): Promise<void>
}

/** The part of a pino logger that the verifier writes to. */
export interface VerifierLogger {
  info(fields: object): void
  warn(fields: object): void
  error(fields: object): void
}
