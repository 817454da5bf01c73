/**
 * ② One session as a verifier remembers it; users get it as a VerifiedSession.
 * Promise: the proof is no property that could be logged, serialised or enumerated, and no clock set back prolongs a session.
 */
import type {
  Audience,
  ClientId,
  Permission,
  RoleName,
  SessionId,
  SessionInfo,
  TenantId,
  UserId,
} from '@curfew/contracts'
import { elapsedMs, waitedMs, type Instant } from '@curfew/protocol'

import { flat } from './flat-string.ts'
import type { ClientNode, SubjectNode } from './nodes.ts'
import { Predecessors, type ProofStanding } from './predecessors.ts'
import type { SessionFact } from './session-fact.ts'
import type { VerifiedSession } from './verdict.ts'

export interface AdmittedFromHere {
  readonly kind: 'admitted'
  readonly session: CachedSession
}

/** How somebody authenticated: the same for most sessions. */
export interface AuthenticationMethod {
  readonly acr: string
  readonly amr: readonly string[]
}

interface Relay {
  readonly audience: Audience
  readonly credentials: string
  readonly next: Relay | undefined
}

/** An active session is asked about again in the background: that renews its idle limit and tells the store it is in use. */
const REFRESHES_PER_IDLE_LIMIT = 10
const REFRESH_EVERY_MS_MAX = 60_000

export class CachedSession implements VerifiedSession {
  // First comes what the gateway reads of a session for each request: that much of it the processor has to fetch.
  readonly clientScope: ClientNode
  /** The service that it was relayed to first, and with what; most sessions have no other. */
  #relayedTo: Audience | undefined
  #relayCredentials = ''
  #otherRelays: Relay | undefined
  /** Streams and downloads to be told when the session ends: while there are any, the session is not evicted. */
  watchers = 0
  /** The id, and after it the proof. */
  readonly #credential: string
  readonly birth: number
  readonly subject: SubjectNode
  readonly label: string | undefined
  readonly #method: AuthenticationMethod
  /** Shared by all that were asked about together. */
  #askedAt: Instant
  /** When the store last heard that the session is in use. */
  #toldAt: Instant | undefined
  #idleRemainingMs = 0
  #remainingMs = 0
  // Times for people, counted from `#askedAt`: small integers stand in the object itself, where a date of its own would
  // take another sixteen bytes outside of it.
  #createdAtOffsetMs = 0
  #authTimeOffsetMs = 0
  #idleExpiresAtOffsetMs = 0
  #expiresAtOffsetMs = 0
  #authAgeMs = 0
  /** Of a session whose secret was changed. */
  #predecessors: Predecessors | undefined
  #isEnded = false

  constructor(
    fact: SessionFact,
    method: AuthenticationMethod,
    nodes: { subject: SubjectNode; client: ClientNode },
  ) {
    const { answer, askedAt } = fact
    const { session } = answer
    this.#credential = flat(session.id + answer.proof)
    this.label = session.label
    this.birth = fact.birth
    this.subject = nodes.subject
    this.clientScope = nodes.client
    this.#method = method
    this.#askedAt = askedAt
    this.refresh(fact)
  }

  get id(): SessionId {
    return this.#credential.slice(0, ID_LENGTH) as SessionId
  }

  /** Without a string made of it: who looks for one session meets others. */
  hasId(id: SessionId): boolean {
    return this.#credential.startsWith(id)
  }

  /** Takes a later answer about the same session; deadlines run from when that question was sent. */
  refresh(fact: SessionFact): void {
    const { answer, askedAt } = fact
    const { session } = answer
    this.#askedAt = askedAt
    this.#idleRemainingMs = answer.idleRemainingMs
    this.#remainingMs = answer.remainingMs
    this.#createdAtOffsetMs = offsetMs(session.createdAt, askedAt)
    this.#authTimeOffsetMs = offsetMs(session.authTime, askedAt)
    this.#idleExpiresAtOffsetMs = offsetMs(session.idleExpiresAt, askedAt)
    this.#expiresAtOffsetMs = offsetMs(session.expiresAt, askedAt)
    this.#authAgeMs = answer.authAgeMs
    this.#predecessors = Predecessors.from(fact, this.#predecessors)
  }

  /** Before then, by both clocks, it reaches no limit, and nobody need be asked about it. */
  get quietUntil(): Instant {
    const limitMs = Math.min(this.#idleRemainingMs, this.#remainingMs)
    const [asked, told] = [this.#askedAt, this.#toldAt]
    if (told === undefined) return { monotonicMs: 0, wallMs: 0 }
    const until = (clock: keyof Instant): number =>
      Math.min(asked[clock] + limitMs, told[clock] + this.#refreshAfterMs)
    return { monotonicMs: until('monotonicMs'), wallMs: until('wallMs') }
  }

  /** An entry that was about this very session has ended it: for ever. */
  end(): void {
    this.#isEnded = true
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The proof before the present one is still accepted, and the first use of the present one will cut that short. */
  get isOverlapOpen(): boolean {
    return this.#predecessors?.isOpen === true
  }

  /** @param at when the check began that presents it, which may be before the session was asked about */
  standingOf(proof: string, at: Instant): ProofStanding {
    if (this.isProvenBy(proof)) return 'current'
    return this.#predecessors?.standingOf(proof, at) ?? 'unknown'
  }

  /** The present proof has been used. @returns false when the time of the one before is over as soon in any case */
  cutOverlap(now: Instant): boolean {
    return this.#predecessors?.cut(now) === true
  }

  /** Never less than it is: counted from when the authority was asked. */
  authAgeMs(now: Instant): number {
    return this.#authAgeMs + elapsedMs(this.#askedAt, now)
  }

  /**
   * That the two digests are not compared in constant time is safe: they are SHA-256 values of a random 256-bit secret, so what timing
   * could reveal is the stored digest, and knowing that does not help to find the secret.
   */
  isProvenBy(proof: string): boolean {
    return this.#credential.length === ID_LENGTH + proof.length && this.#credential.endsWith(proof)
  }

  /** For the gateway: made from the proof once for each audience, and kept beside it. */
  static relayCredentialsOf(
    session: CachedSession,
    audience: Audience,
    make: (proof: string, id: SessionId, audience: Audience) => string,
  ): string {
    if (session.#relayedTo === audience) return session.#relayCredentials
    for (let relay = session.#otherRelays; relay !== undefined; relay = relay.next)
      if (relay.audience === audience) return relay.credentials
    const credentials = flat(make(session.#credential.slice(ID_LENGTH), session.id, audience))
    if (session.#relayedTo === undefined) {
      session.#relayedTo = audience
      session.#relayCredentials = credentials
    } else session.#otherRelays = { audience, credentials, next: session.#otherRelays }
    return credentials
  }

  /** True when something newer than this answer is known already. */
  wasAskedAfter({ askedAt }: SessionFact): boolean {
    return this.#askedAt.monotonicMs > askedAt.monotonicMs
  }

  /** Certain enough to refuse: a wall clock that is set forward must not end sessions. */
  hasReachedAbsoluteLimit(now: Instant): boolean {
    return waitedMs(this.#askedAt, now) >= this.#remainingMs
  }

  /**
   * A limit may have been reached, by whichever clock. Only the store knows whether another service has seen the session
   * since, and what time it is.
   */
  mayHaveReachedLimit(now: Instant): boolean {
    return elapsedMs(this.#askedAt, now) >= Math.min(this.#idleRemainingMs, this.#remainingMs)
  }

  toldOfUse(at: Instant): void {
    this.#toldAt = at
  }

  get #refreshAfterMs(): number {
    return Math.min(this.#idleRemainingMs / REFRESHES_PER_IDLE_LIMIT, REFRESH_EVERY_MS_MAX)
  }

  /** What a stream has asked does not count: it renews no idle limit. */
  isRefreshDue(now: Instant): boolean {
    if (this.#toldAt === undefined) return true
    return elapsedMs(this.#toldAt, now) >= this.#refreshAfterMs
  }

  get tenant(): TenantId {
    return this.subject.tenantScope.tenant
  }
  get user(): UserId {
    return this.subject.user
  }
  get client(): ClientId {
    return this.clientScope.client
  }
  get createdAt(): string {
    return this.#timeAt(this.#createdAtOffsetMs)
  }
  get authTime(): string {
    return this.#timeAt(this.#authTimeOffsetMs)
  }
  get acr(): string {
    return this.#method.acr
  }
  get amr(): readonly string[] {
    return this.#method.amr
  }
  get idleExpiresAt(): string {
    return this.#timeAt(this.#idleExpiresAtOffsetMs)
  }
  get expiresAt(): string {
    return this.#timeAt(this.#expiresAtOffsetMs)
  }
  get roles(): readonly RoleName[] {
    return this.subject.facts.roles
  }
  get permissions(): ReadonlySet<Permission> {
    return this.subject.facts.permissions
  }
  #timeAt(offset: number): string {
    return new Date(this.#askedAt.wallMs + offset).toISOString()
  }

  /** What a log line or an answer shows. */
  toJSON(): SessionInfo {
    const { id, tenant, user, client, createdAt, authTime, acr, idleExpiresAt, expiresAt, label } = this
    const [amr, roles, permissions] = [[...this.amr], [...this.roles], [...this.permissions]]
    const info = {
      id,
      tenant,
      user,
      client,
      createdAt,
      authTime,
      acr,
      amr,
      idleExpiresAt,
      expiresAt,
      roles,
      permissions,
    }
    return label === undefined ? info : { ...info, label }
  }
}

const ID_LENGTH = 22

function offsetMs(time: string, { wallMs }: Instant): number {
  return Date.parse(time) - wallMs
}

/** Made anew each time: that costs less than to fetch, and to keep, one for each of many sessions. */
export function admit(session: CachedSession): AdmittedFromHere {
  return { kind: 'admitted', session }
}

// As long as a property has held objects of one class only, V8 looks at each that is put there to see that it is of that
// class. A session is a place in memory that a hit would not have to wait for otherwise. So it has held something else;
// kept, because V8 forgets what it knows of properties with the last object that has them.
admit.another = admit({} as never)
