/**
 * What the domain needs of the stores of sessions and claims, and what it reports about them.
 * Promise: a port answers truthfully or throws; "there is no such session" is said only by a store that was asked.
 */
import type {
  ClientId,
  Delivery,
  DeliveryEnd,
  EffectState,
  RefusalReason,
  SecretHash,
  SessionId,
  SubjectKey,
  TenantId,
  UserId,
} from '@curfew/contracts'

import type { SubjectFacts } from '../log/facts.ts'
import type { Reading } from '../log/ports.ts'
import type { CreationFault } from './client-limits.ts'
import type { PendingSecret, RenewedSession, SessionRecord } from './session-record.ts'

export interface SessionStore {
  /** In the order of the question. */
  read(ids: readonly SessionId[]): Promise<Reading<SessionRecord | undefined>>
  create(session: SessionRecord): Promise<void>
  /** Takes back a session whose token nobody was given. */
  discard(session: SessionRecord): Promise<void>
  /** Gives the lists a session's present limits. */
  relist(session: SessionRecord): Promise<void>
  /** Moves last-seen forward, never back, and never brings a session back. */
  touch(sessions: readonly SessionRecord[], nowMs: number): Promise<void>
  /**
   * Gives a session that exists the last place in its user's order. Where more than `max` are listed by then, answers all that
   * are, in their order: the same for every replica.
   */
  enrol(session: SessionRecord, max: number): Promise<readonly Login[]>
  /** Takes what is over from a user's list, unless it has been enrolled since: it had been looked for before it existed. */
  strike(subject: SubjectKey, logins: readonly Login[]): Promise<void>
  /** Some of those whose nearer limit, as far as the index of all knows, had been reached by then. */
  due(atMs: number): Promise<readonly SessionId[]>
  /** Takes sessions that are over from all lists. Answers those that this call has taken from the index of all, and no other one. */
  unlist(over: readonly OverSession[]): Promise<readonly SessionId[]>
  /** Ids of one user, in the order of their logins; continues after the cursor of the page before. */
  pageOfSubject(subject: SubjectKey, cursor: string | undefined, limit?: number): Promise<IdPage>
  /** Ids of everyone, in no order: `limit`, and those that reach their limits in the same millisecond as the last. */
  pageOfAll(cursor: string | undefined, limit?: number): Promise<IdPage>
  /** How many have not reached their idle limit, whether or not they have been revoked: no more than these are live. */
  count(nowMs: number): Promise<number>
}

/** A session in the list of its user. */
export interface Login {
  readonly session: SessionId
  /** Its place in the order; 0 for one that has not been enrolled, and may not even exist yet. */
  readonly login: number
}

export interface OverSession {
  readonly id: SessionId
  /** Undefined where nothing is left that says whose it was. */
  readonly subject: SubjectKey | undefined
}

/** `gone`: there is no such session any more. `superseded`: another secret is in place, or another is to be. */
export type RotationStep = 'done' | 'superseded' | 'gone'

export interface RotationCommit {
  readonly next: SecretHash
  readonly current: SecretHash
  readonly overlapEndsMs: number
  readonly relayOverlapEndsMs: number
  /** After a re-authentication. */
  readonly renewed?: RenewedSession | undefined
}

/** The secrets of a session while they change (domain/rotate-session.ts). */
export interface RotationStore {
  /** Notes what is to replace `current`, if that is the secret in place. */
  begin(id: SessionId, current: SecretHash, pending: PendingSecret): Promise<RotationStep>
  /** Puts the pending secret in place, if it is still pending. Again, it answers the same. */
  commit(id: SessionId, change: RotationCommit): Promise<RotationStep>
  /** True when it was pending: from then on it cannot be put in place any more. */
  withdraw(id: SessionId, pending: SecretHash): Promise<boolean>
  /** Ends the time of the secret before `current`; true when it had not ended by then. */
  endOverlap(id: SessionId, current: SecretHash, atMs: number): Promise<boolean>
}

export interface IdPage {
  readonly ids: readonly SessionId[]
  readonly next: string | undefined
}

export interface SubjectStore {
  read(subjects: readonly SubjectKey[]): Promise<Reading<SubjectFacts>>
}

export interface NamePage {
  readonly after: string | undefined
  readonly limit: number
}

/** Users whom the log has given roles, permissions or a suspension, and who have sessions; and their tenants. Sorted by name. */
export interface Directory {
  tenants(page: NamePage): Promise<readonly TenantId[]>
  users(tenant: TenantId, page: NamePage & { readonly prefix: string }): Promise<readonly UserId[]>
  /** Whether a user, or a tenant, is among them. */
  knows(name: { readonly tenant: TenantId; readonly user?: UserId }): Promise<boolean>
}

/** The part of the directory that comes from sessions. */
export interface SessionNames {
  /** Takes some names from it whose sessions have all reached their limits. */
  strikeDue(nowMs: number): Promise<void>
  /** Lists the names of some sessions that began before there was such a directory; does nothing once all are listed. */
  listEarlier(): Promise<void>
}

export interface ClaimName {
  readonly issuer: string
  readonly claimId: string
}

/** Remembers what has become of claims, each for as long as somebody might accept it. */
export interface ClaimLedger {
  /** `taken` for exactly one caller; with a delivery, for one at a time, and never for bytes that have been delivered. */
  take(
    claim: ClaimName,
    delivery: Delivery | undefined,
    rememberMs: number,
  ): Promise<'taken' | 'spent' | 'under-way'>
  /** Nothing happens unless this delivery is the one under way. */
  release(claim: ClaimName, end: DeliveryEnd): Promise<void>
}

/** Events of sessions, their tokens and their claims. */
export interface SessionReports {
  sessionCreated(session: SessionRecord): void
  sessionRefused(refused: RefusedSession): void
  sessionEnded(ended: EndedSession): void
  sessionExpired(expired: SessionOf & { limit: 'idle' | 'absolute' }): void
  /** The search for sessions at their limits failed. */
  expiryFailed(err: unknown): void
  sessionRotated(rotated: { sessionId: SessionId; actor: string; acr: string; isRenewed: boolean }): void
  rotationRefused(refused: { sessionId: SessionId; reason: string }): void
  /** The first use of a new secret has ended the overlap in which its predecessor was still accepted. */
  overlapEnded(sessionId: SessionId): void
  /** The consequence of a secret's use could not be recorded at the moment. */
  secretUnsettled(err: unknown): void
  /** A secret was presented after its overlap: the session was ended, as far as `state` says. */
  predecessorUsed(used: SessionOf & { state: EffectState }): void
  /** `sessionId` names the session whose creation exceeded the limit. */
  sessionLimitExceeded(exceeded: SessionOf & { max: number; ended: readonly SessionId[] }): void
  /** `left-out`: the answer had no room for the session. */
  sessionsResolved(results: ReadonlyMap<ResolveResult | 'left-out', number>): void
  touchFailed(err: unknown): void
  claimSettled(settled: SettledClaim): void
  /** A client has introspected a token; the result is for metrics and the log only. */
  tokenExamined(examined: { client: ClientId; result: TokenVerdict; sessionId?: SessionId }): void
  /** A client has tried to revoke a token that it may not revoke. */
  tokenRevocationRefused(refused: { client: ClientId; sessionId: SessionId; reason: string }): void
}

export interface RefusedSession {
  readonly client: ClientId
  readonly reason: RefusalReason | `client-${CreationFault}`
  readonly tenant: TenantId
  readonly user: UserId
}

export interface EndedSession {
  readonly sessionId: SessionId
  readonly actor: string
  readonly state: EffectState
  readonly reason?: string
}

export interface SettledClaim {
  readonly outcome: string
  readonly sessionId: SessionId
  readonly tenant: TenantId
  readonly user: UserId
  readonly reason?: string
}

/** `mismatch`: the session exists and the secret is not its own: a guess, or an old secret. */
export type TokenVerdict = ResolveResult | 'malformed' | 'relay' | 'mismatch' | 'not-allowed'

export type ResolveResult = RefusalReason | 'live'

/** A session, its user and the client that began it. */
interface SessionOf {
  readonly sessionId: SessionId
  readonly subject: SubjectKey
  readonly client: ClientId
}
