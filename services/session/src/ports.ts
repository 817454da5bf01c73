/**
 * ④ What the domain needs of the world, in its own words; adapters/ has one implementation of each.
 * Promise: a port answers truthfully or throws; "there is no such session" is said only by a store that was asked.
 */
import type {
  ClientId,
  Delivery,
  DeliveryEnd,
  EffectState,
  LogEntry,
  Member,
  MemberId,
  Position,
  RefusalReason,
  RoleName,
  SecretHash,
  SessionId,
  Subject,
  SubjectKey,
  TenantId,
  UserId,
} from '@curfew/contracts'
import type {
  Confirmation,
  ConfirmationWatch,
  PositionedEntry,
  RefusedJoin,
  RoomState,
  RoomUse,
} from '@curfew/revocation-log'

import type { CreationFault } from './domain/client-limits.ts'
import type { RevocationCount } from './domain/affected.ts'
import type { Grants, SubjectFacts } from './domain/facts.ts'
import type { Revocation } from './domain/revocation.ts'
import type { PendingSecret, RenewedSession, SessionRecord } from './domain/session-record.ts'
import type { RevocationReports } from './revocation-reports.ts'

export interface Clock {
  nowMs(): number
}

/** What was read, and the position up to which the store held everything when the reading began. */
export interface Reading<T> {
  readonly projected: Position
  readonly found: readonly T[]
}

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

export interface RevocationHistory {
  find(id: string): Promise<Revocation | undefined>
  /** Newest first, only those before `before`. */
  page(before: Position | undefined, limit: number): Promise<readonly Revocation[]>
  /** What has been kept about the sessions that a revocation ended; undefined while that is not known. */
  countOf(id: string): Promise<RevocationCount | undefined>
  /** Only what is kept first counts: a repetition ends nothing. */
  keepCount(id: string, count: RevocationCount): Promise<void>
}

export type Publication =
  | { readonly kind: 'stored'; readonly position: Position; readonly duplicate: boolean }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown' }

/** Where the log must stand for an entry to be stored. */
export interface Expected {
  /** Of the latest entry about the same entity. */
  readonly last?: Position | undefined
  /** Of the latest entry of all: nothing has come between what the writer has seen and the entry. */
  readonly end?: Position | undefined
}

export interface Confirming {
  readonly withinMs?: number | undefined
  /** The entry did not ask this replica's members to tell it: they have to be asked again. */
  readonly isRepeat?: boolean
  readonly watch?: ConfirmationWatch | undefined
}

/** ⑤ The log, written and followed, and this replica's part in the protocol. */
export interface FactLog {
  /** Whom members tell that an entry of this replica's has taken effect. */
  readonly replica: MemberId
  /** This replica holds a lease: what it says about sessions is not older than any confirmation. */
  readonly mayAnswer: boolean
  /**
   * Resolves when nobody acts any more without what is at the position, at the latest after W; undefined when that
   * takes longer than `withinMs`, or cannot be said because the log is in doubt.
   */
  confirm(position: Position, options?: Confirming): Promise<Confirmation | undefined>
  /** Whether this replica knows that nobody acts any more without what is at the position. */
  isConfirmed(position: Position): boolean
  /** At the end of the log and connected: what is not in the view has not been said, or only just now. */
  readonly isFollowing: boolean
  /** The log is not what it was: what it seemed to hold may be lost. */
  readonly isFrozen: boolean
  /** Throws Unavailable where nothing was stored because the log has no room for it. */
  publish(entry: LogEntry, expected?: Expected): Promise<Publication>
  hasRoomFor(use: RoomUse): boolean
  /** Where the log last spoke about the entity of this entry, or an earlier place. */
  lastPositionOf(entry: LogEntry): Promise<Position>
  /** The latest grants of one user, by the log itself, or earlier ones. */
  lastGrantsOf(subject: Subject): Promise<Grants | undefined>
  /** True when this replica's view has reached the position in time. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>
  /** True when the view has reached everything that was in the log when this was called. */
  catchUp(): Promise<boolean>
  /** What the log still holds between two positions, for people; see `RevocationLog`. Throws Unavailable. */
  history(after: Position, upTo: Position): Promise<readonly PositionedEntry[]>
  /** Redis is older than it was, or the view has gaps: start again from what Redis holds. */
  startAgain(reason: string): void
}

/** A process that takes part in the protocol, as this replica has heard of it. */
export interface MemberStatus {
  readonly member: Member
  readonly joinedAt: string
  /** What it has said to have applied, and how many positions that is behind this replica. */
  readonly applied: Position
  readonly lag: number
  /** At most: counted from when its renewal was heard. */
  readonly leaseRemainingMs: number
  readonly cachedSessions: number
}

export interface Members {
  members(): readonly MemberStatus[]
}

export interface Projection {
  /** True when Redis holds everything up to the position; false at once while Redis is not to be had. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>
}

/** ④ What happened, told once: the adapter makes a log line and a number of it. */
export interface Reports extends RevocationReports {
  sessionCreated(session: SessionRecord): void
  sessionRefused(refused: RefusedSession): void
  sessionEnded(ended: EndedSession): void
  sessionExpired(expired: SessionOf & { limit: 'idle' | 'absolute' }): void
  /** Sessions at their limits could not be looked for. */
  expiryFailed(err: unknown): void
  sessionRotated(rotated: { sessionId: SessionId; actor: string; acr: string; isRenewed: boolean }): void
  rotationRefused(refused: { sessionId: SessionId; reason: string }): void
  /** The first use of a new secret has ended the time of the one before. */
  overlapEnded(sessionId: SessionId): void
  /** What the use of a secret means could not be brought about at the moment. */
  secretUnsettled(err: unknown): void
  /** Somebody has a secret whose time is over: the session was ended, as far as `state` says. */
  predecessorUsed(used: SessionOf & { state: EffectState }): void
  /** The session is the one that was created. */
  sessionLimitExceeded(exceeded: SessionOf & { max: number; ended: readonly SessionId[] }): void
  /** `left-out`: the answer had no room for the session. */
  sessionsResolved(results: ReadonlyMap<ResolveResult | 'left-out', number>): void
  touchFailed(err: unknown): void
  claimSettled(settled: SettledClaim): void
  grantsChanged(changed: Changed & { subject: SubjectKey }): void
  roleChanged(changed: Changed & { tenant: TenantId; role: RoleName }): void
  suspensionChanged(changed: Changed & { tenant: TenantId; user?: UserId; suspended: boolean }): void
  operatorRefused(refused: RefusedOperator): void
  clientRefused(refused: { requestId: string; client?: ClientId; addressClass?: string | undefined }): void
  /** A client has asked about a token; the reason is for numbers and the log only. */
  tokenExamined(examined: { client: ClientId; result: TokenVerdict; sessionId?: SessionId }): void
  /** A client has tried to end what it may not. */
  tokenRevocationRefused(refused: { client: ClientId; sessionId: SessionId; reason: string }): void
  /** `isFirst`: of this caller in this window, so that who goes on asking fills neither log nor trail. */
  throttled(throttled: {
    policy: string
    isFirst: boolean
    actor: string
    addressClass?: string | undefined
  }): void
  /** Somebody waited for a confirmation; `none` when it did not come in time or could not be given. */
  confirmationSettled(settled: { by: Confirmation['confirmedBy'] | 'none'; durationMs: number }): void
  projectionFailed(err: unknown): void
  pruningFailed(err: unknown): void
  viewStartedAgain(reason: string): void
  logInDoubt(reason: string): void
  /** Nothing is granted, confirmed or answered until a new epoch is opened. */
  logFrozen(reason: string): void
  /** From here on more or less is refused for want of room. */
  logRoomChanged(changed: { state: RoomState; bytes: number | undefined; maxBytes: number | undefined }): void
  /** A verifier may not become a member now. */
  joinRefused(refused: RefusedJoin): void
  /** An entry was not stored. */
  logHadNoRoom(type: LogEntry['type']): void
  /** Redis stands in an earlier epoch than the log, which begins with a revocation of everyone. */
  epochEntered(entered: { epoch: number; logId: string; projected: Position }): void
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

export interface RefusedOperator {
  readonly reason: string
  readonly requestId: string
  readonly sessionId?: SessionId
  readonly actor?: string
  readonly addressClass?: string | undefined
}

/** `mismatch`: the session is there, the secret is not its own: somebody guesses, or has found an old one. */
export type TokenVerdict = ResolveResult | 'malformed' | 'relay' | 'mismatch' | 'not-allowed'

export type ResolveResult = RefusalReason | 'live'

/** A session, whose it is and where it is used. */
interface SessionOf {
  readonly sessionId: SessionId
  readonly subject: SubjectKey
  readonly client: ClientId
}

export interface Changed {
  readonly actor: string
  readonly state: EffectState
  readonly requestId: string
  readonly reason?: string | undefined
  /** `+documents:write -reports:read`. */
  readonly change: string
  readonly effect: string
}
