/**
 * ① What the gateway needs of the world, in its own words; adapters/ has one implementation of each.
 * Promise: a port answers truthfully or throws; it never makes up a verdict.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

import type {
  ClientId,
  EffectState,
  Position,
  RefusalReason,
  SessionId,
  SessionInfo,
  SubjectKey,
  TenantId,
  UserId,
} from '@curfew/contracts'

export interface Account {
  readonly tenant: TenantId
  readonly user: UserId
  /** PHC string. */
  readonly passwordHash: string
}

export interface Accounts {
  find(tenant: string, username: string): Account | undefined
  /** A hash that costs as much to check as an account's and that no password fits. */
  readonly decoyHash: string
}

export interface Passwords {
  /** True while a check would have to be turned away. */
  readonly isFull: boolean
  check(passwordHash: string, password: string): Promise<'right' | 'wrong' | 'busy'>
}

export interface NewSession {
  readonly birth: Position
  readonly tenant: TenantId
  readonly user: UserId
  readonly client: ClientId
  readonly acr: string
  readonly amr: string[]
}

export type Creation =
  | { readonly outcome: 'created'; readonly token: string; readonly session: SessionInfo }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason }

/** Rejects with RequestFailed where there is no answer. */
export interface SessionAuthority {
  /** The birth of a session whose login begins now. */
  prepare(): Promise<Position>
  create(session: NewSession): Promise<Creation>
  end(session: SessionId, actor: SubjectKey, reason: string): Promise<EffectState>
}

export interface UpstreamRequest {
  readonly method: string
  /** Path and query, as they go over the wire. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Readable | undefined
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export type UpstreamAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly body: Readable
    }
  /** Nothing was sent. */
  | { readonly kind: 'unreachable' | 'busy'; readonly cause?: unknown }
  /** The service may have acted on it. */
  | { readonly kind: 'failed'; readonly cause: unknown }

/** One service behind the gateway. */
export interface Upstream {
  /** Never rejects. The body of an answer must be read or destroyed. */
  forward(request: UpstreamRequest): Promise<UpstreamAnswer>
}

export interface RequestBody {
  /** Undefined where there is none to pass on. Destroy what is not read to its end. */
  readonly stream: Readable | undefined
  /** Known from the start or only on the way. */
  readonly isTooLarge: boolean
}

export interface RequestBodies {
  of(request: IncomingMessage): RequestBody
}
