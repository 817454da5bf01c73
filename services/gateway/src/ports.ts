/**
 * ① What the gateway needs of the world, in its own words; adapters/ has one implementation of each.
 * Promise: a port answers truthfully or throws; it never makes up a verdict.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

import type {
  ClientId,
  EffectState,
  GatewayEvent,
  ListedSession,
  Position,
  RefusalReason,
  SecretHash,
  SessionId,
  SessionInfo,
  SubjectKey,
  TenantId,
  UserId,
} from '@curfew/contracts'

import type { Place } from './domain/fair-queue.ts'

export interface Account {
  readonly tenant: TenantId
  readonly user: UserId
  /** PHC string. */
  readonly passwordHash: string
  /** Counts the changes of the password: who writes another must have seen the last. */
  readonly revision: number
}

/** Rejects with RequestFailed where the truth cannot be had. */
export interface Accounts {
  /** What holds when it is asked, whichever replica has changed it. */
  find(tenant: string, username: string): Promise<Account | undefined>
  /** `conflict`: somebody has changed it since the account was read, and nothing has been stored. */
  storePassword(account: Account, passwordHash: string): Promise<'stored' | 'conflict'>
  /** A hash that costs as much to check as an account's and that no password fits. */
  readonly decoyHash: string
}

export interface Passwords {
  /** False while a check would be turned away. */
  hasRoomFor(place: Place): boolean
  check(passwordHash: string, password: string, place: Place): Promise<'right' | 'wrong' | 'busy'>
  /** A PHC string of today's parameters, or undefined where it would have to wait too long. */
  hash(password: string, place: Place): Promise<string | undefined>
}

export interface NewSession {
  readonly birth: Position
  readonly tenant: TenantId
  readonly user: UserId
  readonly client: ClientId
  readonly acr: string
  readonly amr: string[]
  readonly label?: string
  readonly addressClass?: string
}

export type Creation =
  | { readonly outcome: 'created'; readonly token: string; readonly session: SessionInfo }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason }

export interface Rotation {
  readonly tenant: TenantId
  readonly user: UserId
  readonly session: SessionId
  /** Of the secret that was presented. */
  readonly secretHash: SecretHash
  /** Where the person has just proved who they are: the timers begin anew. */
  readonly authentication?: Authentication
  readonly actor: SubjectKey
  readonly reason: string
}

export interface Authentication {
  readonly acr: string
  readonly amr: string[]
}

export type Rotated =
  | { readonly outcome: 'rotated'; readonly token: string; readonly session: SessionInfo }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason }
  /** Somebody else has rotated it since. */
  | { readonly outcome: 'superseded' }
  /** The log had no room for it: nothing has changed. */
  | { readonly outcome: 'no-room' }

export interface OtherSessions {
  readonly tenant: TenantId
  readonly user: UserId
  readonly except: SessionId
  readonly actor: SubjectKey
  readonly reason: string
  /** The user has just shown the account's password. */
  readonly isProven?: true
}

/** `over`: the session that asks is not live any more. `not-allowed`: a registered client has begun it, and not the others. */
export type EndRefusal = 'over' | 'not-allowed'

/** Rejects with RequestFailed where there is no answer. */
export interface SessionAuthority {
  /** The birth of a session whose login begins now. */
  prepare(): Promise<Position>
  create(session: NewSession): Promise<Creation>
  end(session: SessionId, actor: SubjectKey, reason: string): Promise<EffectState>
  rotate(rotation: Rotation): Promise<Rotated>
  endOthers(others: OtherSessions): Promise<EffectState | EndRefusal>
}

export interface ThrottlePolicy {
  readonly name: string
  readonly quota: number
  readonly windowSeconds: number
}

/** A limit that has been reached, and for how long it stays so. */
export interface UsedUp {
  readonly policy: ThrottlePolicy
  readonly resetMs: number
}

export interface Take {
  readonly policy: ThrottlePolicy
  /** What is counted; leaves the gateway as a keyed hash only. */
  readonly key: readonly string[]
  /** 0 looks without counting. */
  readonly cost: number
}

export interface Taken {
  readonly allowed: boolean
  readonly remaining: number
  readonly resetMs: number
}

/** Counters that all replicas share. Rejects with RequestFailed where they cannot be had. */
export interface Throttle {
  /** Answers in the order of the question. */
  take(takes: readonly Take[]): Promise<readonly Taken[]>
}

/** ① ④ The audit trail. */
export interface SecurityEvents {
  /**
   * Returns at once. Refusals, which anybody can cause, are told once a minute for each account or network and otherwise
   * counted; what cannot be recorded after some attempts is told in the log.
   */
  record(event: GatewayEvent): void
}

/** A session of somebody who asks about their own. */
export interface OwnSession {
  readonly tenant: TenantId
  readonly user: UserId
  readonly session: SessionId
}

/** What people may do with their own sessions. Rejects with RequestFailed where there is no answer. */
export interface OwnSessions {
  list(own: OwnSession): Promise<ListedSession[]>
  /** @param id of one of theirs; of all others `unknown-session` is said */
  end(own: OwnSession, id: SessionId): Promise<EffectState | EndRefusal | 'unknown-session'>
}

export interface UpstreamRequest {
  readonly method: string
  /** Path and query, as they go over the wire. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Readable | undefined
  readonly caller: UpstreamCaller
}

/** By whom the places at a service are taken. */
export interface UpstreamCaller {
  readonly session: string
  readonly address: string
}

export type UpstreamRefusal =
  /** Nothing was sent: the service is full, or the caller has all of it that one caller may have. */
  | { readonly kind: 'unreachable' | 'full' | 'share-used-up'; readonly cause?: unknown }
  /** The service may have acted on it. */
  | { readonly kind: 'failed'; readonly cause: unknown }

/** Who is told of an answer: that there is none, or of its beginning, its pieces, and how it ended. */
export interface UpstreamSink {
  refused(refusal: UpstreamRefusal): void
  begins(status: number, headers: IncomingHttpHeaders): void
  /** @returns false to hear of no more until `resume` is called */
  takes(chunk: Buffer): boolean
  ends(): void
  /** What has come by then is not the whole. */
  breaksOff(): void
}

/** One request at a service. */
export interface Exchange {
  resume(): void
  /** Nobody waits for the answer any more; the sink may be told that it broke off. */
  giveUp(): void
}

/** One service behind the gateway. */
export interface Upstream {
  /** Where the gateway reaches it. */
  readonly origin: string
  forward(request: UpstreamRequest, sink: UpstreamSink): Exchange
}

export type BodyFault = 'too-large' | 'too-slow'

export interface RequestBody {
  /** Undefined where there is none to pass on. Destroy what is not read to its end. */
  readonly stream: Readable | undefined
  /** Known from the start or only on the way. */
  readonly fault: BodyFault | undefined
  /**
   * Resolves when the body has arrived, or enough of it to be worth a place at the service; or when it has failed: then it
   * has a fault, or its sender is gone.
   */
  readonly underWay: Promise<void>
}

export interface RequestBodies {
  of(request: IncomingMessage): RequestBody
}

/** What a browser is sent besides answers to its scripts. */
export interface PageFiles {
  readonly account: string
  readonly documents: string
  /** With a place for the way back. */
  readonly signIn: string
  readonly notFound: string
  /** By the name under `/assets/`, which changes with what is in it. */
  readonly assets: ReadonlyMap<string, string>
}
