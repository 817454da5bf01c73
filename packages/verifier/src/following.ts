/**
 * ② Keeps a verifier following the log under a lease, through whatever happens to the broker and the replicas.
 * Promise: it never gives up; a lease counts from before it was asked for; and who leaves has dropped its lease first.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'

import { PROTOCOL_VERSION, type Audience, type Member, type MemberId } from '@curfew/contracts'
import { ConnectionWatch } from '@curfew/messaging'
import { Backoff, pause, renewEveryMs, type Clock } from '@curfew/protocol'
import type { NatsConnection } from '@nats-io/transport-node'

import type { Authority, JoinRefusal } from './authority.ts'
import type { CoherentVerifier } from './coherent-verifier.ts'
import { ANOTHER_LOG, followFeed } from './feed.ts'
import type { VerifierLogger } from './verdict.ts'
import type { Watching } from './watching.ts'

export interface FollowingOptions {
  readonly nc: NatsConnection
  readonly audience: Audience
  readonly core: CoherentVerifier
  readonly authority: Authority
  readonly watching: Watching
  readonly clock: Clock
  readonly logger: VerifierLogger
}

const RETRY = { firstMs: 50, mostMs: 500 }
/** However long it is told to wait. */
const REFUSED_MS_MAX = 5_000
/** A replica publishes, reads back and answers within milliseconds; another one should get its chance soon. */
const RENEW_TIMEOUT_MS_MAX = 1_000
const RENEWALS_PER_LEASE = 5
/** Questions under way when it is closed; a process has ten seconds for stopping altogether. */
const CLOSE_WITHIN_MS = 1_500

export class Following {
  readonly #options: FollowingOptions
  readonly #started = Promise.withResolvers<void>()
  #member: Member
  /** In which epoch the present incarnation has become a member. */
  #joinedEpoch: number | undefined
  /** There are too many of this service, or the log has no room. */
  #refusal: JoinRefusal | undefined
  #leaseMs = 5_000
  /** Sequence of the newest barrier that a grant has named. */
  #barrier = 0
  #round = new AbortController()
  readonly #closing = new AbortController()
  #ended: Promise<void> | undefined

  constructor(options: FollowingOptions) {
    this.#options = options
    this.#member = newIncarnation(options.audience)
  }

  get leaseMs(): number {
    return this.#leaseMs
  }

  /** Entries that are known to be in the log and have not been applied here. */
  get lag(): number {
    return Math.max(0, this.#barrier - (this.#options.core.applied ?? 0))
  }

  /** Resolves with the first lease, or when the first try has failed; it goes on trying. */
  start(): Promise<void> {
    void new ConnectionWatch(this.#options.nc, (isUp) => {
      // Entries published while the connection is down never arrive. Afterwards another log may be in force: a hello tells.
      if (!isUp && !this.#closing.signal.aborted) this.#startAgain('disconnected')
    })
    this.#ended = this.#run()
    return this.#started.promise
  }

  /** The lease goes first: nobody has to wait for a verifier that leaves in order. */
  async close(): Promise<void> {
    const { core, authority } = this.#options
    const { epoch } = core
    core.doubt()
    this.#closing.abort()
    this.#round.abort()
    this.#started.resolve()
    // A join that is under way must not arrive after the leaving.
    await Promise.race([this.#ended, wait(CLOSE_WITHIN_MS, undefined, { ref: false })])
    if (this.#joinedEpoch === epoch) await authority.leave(epoch, this.#member.member)
  }

  #startAgain(reason: string, err?: unknown): void {
    const { core, logger } = this.#options
    // What it has said of itself was about the log before: nobody may take it for news of this one.
    if (reason === ANOTHER_LOG) this.#becomeAnother()
    logger.warn({ event: 'verifier.doubt', reason, epoch: core.epoch, err })
    core.doubt()
    this.#round.abort()
  }

  async #run(): Promise<void> {
    const retry = new Backoff(RETRY)
    const { signal: closing } = this.#closing
    while (!closing.aborted) {
      this.#round = new AbortController()
      const beganMs = performance.now()
      try {
        await this.#follow(this.#round.signal)
      } catch (err) {
        // The connection was closed under way.
        this.#startAgain('failed', err)
      }
      // A round that has held for a while was a success: the next one may begin at once.
      if (performance.now() - beganMs > this.#leaseMs) retry.reset()
      await pause(retry.nextMs() * jitter(), closing)
    }
  }

  /** One round, from the hello to the next doubt. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { core, logger } = this.#options
    const hello = await this.#options.authority.hello()
    if (hello === undefined) this.#started.resolve()
    if (hello === undefined || signal.aborted) return
    if (hello.epoch !== core.epoch) this.#becomeAnother()
    this.#leaseMs = hello.leaseMs
    this.#barrier = 0
    core.follow(hello.epoch)
    const stop = followFeed({
      ...this.#options,
      member: () => this.#member.member,
      onDoubt: (reason, error) => this.#startAgain(reason, error),
    })
    signal.addEventListener('abort', stop, { once: true })
    logger.info({ event: 'verifier.following', epoch: hello.epoch, leaseMs: hello.leaseMs })
    try {
      await this.#keepLease(hello.epoch, signal)
    } finally {
      stop()
    }
  }

  /** Joins and renews until the round is over. */
  async #keepLease(epoch: number, signal: AbortSignal): Promise<void> {
    const { core, clock } = this.#options
    const retry = new Backoff(RETRY)
    while (!signal.aborted) {
      const isAnswered = (await this.#join(epoch)) && (await this.#renew(epoch))
      if (signal.aborted) return
      this.#started.resolve()
      const isLeased = core.hasUsableLease(clock())
      if (isAnswered && isLeased) retry.reset()
      else if (!isAnswered && this.#refusal === undefined && (await this.#isEpochOver(epoch))) return
      const pauseMs =
        isAnswered && isLeased
          ? renewEveryMs(this.#leaseMs) * jitter()
          : Math.max(retry.nextMs() * jitter(), this.#refusedForMs)
      await pause(pauseMs, signal)
    }
  }

  get #refusedForMs(): number {
    return Math.min(this.#refusal?.retryAfterMs ?? 0, REFUSED_MS_MAX)
  }

  async #join(epoch: number): Promise<boolean> {
    if (this.#joinedEpoch === epoch) return true
    const { authority, logger } = this.#options
    const answer = await authority.join(epoch, this.#member)
    const before = this.#refusal
    this.#refusal = answer !== undefined && 'refused' in answer ? answer : undefined
    if (answer === undefined) return false
    if (this.#refusal !== undefined) {
      const reason = this.#refusal.refused
      if (reason !== before?.refused) logger.warn({ event: 'verifier.join.refused', epoch, reason })
      return false
    }
    this.#joinedEpoch = epoch
    logger.info({ event: 'verifier.joined', epoch, member: this.#member.member })
    return true
  }

  async #renew(epoch: number): Promise<boolean> {
    const { core, authority, clock, logger } = this.#options
    const [nonce, { member }] = [randomUUID(), this.#member]
    const news = { member, nonce, applied: core.applied ?? 0, cachedSessions: core.cache.size }
    // Before it is sent: what is in the log by then is behind the barrier that the grant will name.
    core.lease.requested(nonce, clock())
    const timeoutMs = Math.min(RENEW_TIMEOUT_MS_MAX, this.#leaseMs / RENEWALS_PER_LEASE)
    const answer = await authority.renew(epoch, news, timeoutMs)
    if (answer === undefined) return false
    if (answer.outcome === 'not-a-member') {
      logger.warn({ event: 'verifier.evicted', epoch, member })
      core.lease.drop()
      this.#becomeAnother()
      return true
    }
    // Published after it was asked for, a barrier of the same log lies behind everything that had been applied by then.
    if (answer.barrier <= news.applied) {
      this.#startAgain(ANOTHER_LOG)
      return false
    }
    this.#leaseMs = answer.leaseMs
    this.#barrier = Math.max(this.#barrier, answer.barrier)
    core.granted(nonce, answer)
    return true
  }

  /** Nobody answers in this epoch: perhaps because another one is in force. */
  async #isEpochOver(epoch: number): Promise<boolean> {
    const hello = await this.#options.authority.hello()
    return hello !== undefined && hello.epoch !== epoch
  }

  #becomeAnother(): void {
    this.#member = newIncarnation(this.#options.audience)
    this.#joinedEpoch = undefined
  }
}

/** Ids are never reused: nobody speaks for a predecessor. */
function newIncarnation(audience: Audience): Member {
  return {
    // The audience may be as long as the id; what follows it is what makes the id unique.
    member: `${audience.slice(0, 47)}-${randomBytes(8).toString('hex')}` as MemberId,
    kind: 'verifier',
    service: audience,
    host:
      hostname()
        .replace(/[^!-~]/g, '?')
        .slice(0, 255) || 'unknown',
    protocol: PROTOCOL_VERSION,
  }
}

/** Verifiers that lost the same replica must not come back together. */
function jitter(): number {
  return 0.75 + Math.random() / 4
}
