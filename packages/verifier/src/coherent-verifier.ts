/**
 * ② The verifier's core: what may be answered from memory, what must be asked, what an answer is still worth.
 * No I/O, no timers, no clocks: messages and time come in by argument, so that the simulator drives the same code as NATS.
 * Promise: ALLOW from memory only under a lease with everything applied that its barrier demands; any doubt empties memory.
 */
import {
  hashSecret,
  isTokenOf,
  parsePosition,
  parseToken,
  splitToken,
  type LogEntry,
  type Position,
  type Resolved,
  type SessionId,
  type SessionSecret,
} from '@curfew/contracts'
import { elapsedMs, LeaseHolder, type Grant, type Instant } from '@curfew/protocol'

import { admit, type AdmittedFromHere, type CachedSession } from './cached-session.ts'
import { RecentEntries } from './recent-entries.ts'
import { RefusedIds } from './refused-ids.ts'
import { SessionCache } from './session-cache.ts'
import type { RefusedReason } from './verdict.ts'

/** What a token claims: verified against an answer or against memory. */
export interface Presented {
  readonly sessionId: SessionId
  readonly proof: string
  /** When the check began: what was accepted then may be over by the time of the answer. */
  readonly beganAt: Instant
}

/** A question on its way: what it was asked under decides what its answer is worth. */
export interface Question {
  readonly sessionIds: readonly SessionId[]
  readonly askedAt: Instant
  readonly generation: number
  /** Answers must have been read at or after this sequence. */
  readonly minSeq: number
}

export interface Refused {
  readonly kind: 'refused'
  readonly reason: RefusedReason
}

export type Lookup = AdmittedFromHere | Refused | { readonly kind: 'miss'; readonly presented: Presented }

type Answered = Exclude<Resolved, { readonly status: 'left-out' }>

type Stale = { readonly kind: 'stale' }

/** What became of one answer; a `stale` one has to be asked for again. */
export type Outcome = { readonly kind: 'live'; readonly session: CachedSession } | Refused | Stale

const STALE: Stale = { kind: 'stale' }
const refused = (reason: RefusedReason): Refused => ({ kind: 'refused', reason })
const [MALFORMED, MISMATCH, PREDECESSOR] = [refused('malformed'), refused('mismatch'), refused('predecessor')]
const [REVOKED, EXPIRED] = [refused('revoked'), refused('expired')]

export interface CoherentVerifierOptions {
  /** True at the gateway, which meets the clients' own tokens; everyone else meets relay tokens. */
  readonly acceptsSessionTokens: boolean
  readonly maxSessions: number
  /**
   * ① Told of the first use of a new secret, and of each use of one whose time is over; the authority decides what follows.
   * Elsewhere nobody is told: a relay token may be late for reasons of the gateway's.
   */
  readonly onSecretSeen?: (seen: Presented) => void
}

export class CoherentVerifier {
  readonly lease = new LeaseHolder()
  readonly cache: SessionCache
  readonly #recent = new RecentEntries()
  readonly #refused = new RefusedIds()
  readonly #tokenKind: 'session' | 'relay'
  readonly #onSecretSeen: (seen: Presented) => void
  #epoch = 0
  /** Everything up to here has taken effect in this process; undefined while it does not follow the log. */
  #applied: number | undefined
  /** Counts the times that memory was emptied: an answer from before is worth nothing to it. */
  #generation = 0
  /** When the lease was last seen to hold, since memory was last emptied. */
  #vouchedAt: Instant | undefined

  constructor(options: CoherentVerifierOptions) {
    this.#tokenKind = options.acceptsSessionTokens ? 'session' : 'relay'
    this.#onSecretSeen = options.onSecretSeen ?? (() => undefined)
    this.cache = new SessionCache(options.maxSessions)
  }

  get applied(): number | undefined {
    return this.#applied
  }

  get epoch(): number {
    return this.#epoch
  }

  /** The log to follow from now on. */
  follow(epoch: number): void {
    this.doubt()
    this.#epoch = epoch
  }

  /** Drops the lease, empties memory, and starts again with the next entry that arrives. */
  doubt(): void {
    this.lease.drop()
    this.cache.clear()
    this.#applied = undefined
    this.#vouchedAt = undefined
    this.#generation += 1
  }

  /**
   * One message of the feed, in the order of arrival. An entry that did not parse is `undefined`. Memory is empty after
   * `doubt` (something is missing) and `another-log` (the one that was followed is gone).
   */
  receive(seq: number, entry: LogEntry | undefined): 'applied' | 'ignored' | 'doubt' | 'another-log' {
    const isPassed = seq <= (this.#applied ?? 0)
    if (isPassed && entry !== undefined && this.#recent.mayRepeat(seq, entry.id)) return 'ignored'
    if (isPassed || entry === undefined || (this.#applied !== undefined && seq !== this.#applied + 1))
      return (this.doubt(), isPassed) ? 'another-log' : 'doubt'
    // An empty memory is coherent at any position: the first entry that arrives is where following begins.
    if (this.#applied === undefined) this.#recent.reset(seq - 1)
    this.#recent.record(seq, entry)
    this.cache.apply(seq, entry)
    this.#applied = seq
    return 'applied'
  }

  granted(nonce: string, grant: Grant): void {
    if (grant.epoch === this.#epoch) this.lease.granted(nonce, grant)
  }

  hasUsableLease(now: Instant): boolean {
    if (this.#applied === undefined || !this.lease.isUsable(now, this.#applied)) return false
    this.#vouchedAt = now
    return true
  }

  /**
   * A hit: the session of a token that has proved it before, found by the token's digest alone. Most checks end here;
   * whoever is not recognised is checked.
   */
  recognise(token: string, now: Instant): CachedSession | undefined {
    if (!isTokenOf(token, this.#tokenKind)) return undefined
    const session = this.cache.recognise(token, now)
    return session !== undefined && this.hasUsableLease(now) ? session : undefined
  }

  /** A check that looks at everything that decides. */
  check(token: string, now: Instant): Lookup {
    if (!isTokenOf(token, this.#tokenKind)) return MALFORMED
    const { sessionId, rest } = splitToken(token)
    const session = this.cache.get(sessionId)
    if (session === undefined) return this.#checkUnknown(token, now)
    const proof = this.#proofFrom(rest)
    const isCurrent = session.isProvenBy(proof)
    // A token that agrees with what is remembered is well formed: most checks need not look at its letters.
    if (!isCurrent && parseToken(token) === undefined) return MALFORMED
    const presented = { sessionId, proof, beganAt: now }
    const verdict = isCurrent ? this.#judge(session, presented) : this.#judgeOther(session, presented)
    if (verdict?.kind !== 'admitted') return verdict ?? { kind: 'miss', presented }
    if (isCurrent) this.cache.foundGood(session, token)
    else this.cache.use(session)
    return verdict
  }

  #checkUnknown(token: string, now: Instant): Lookup {
    const parsed = parseToken(token)
    if (parsed === undefined) return MALFORMED
    const { sessionId } = parsed
    const reason = this.#refused.reasonFor(sessionId, now)
    if (reason !== undefined) return { kind: 'refused', reason }
    const proof = this.#proofFrom(parsed.kind === 'session' ? parsed.secret : parsed.value)
    return { kind: 'miss', presented: { sessionId, proof, beganAt: now } }
  }

  /** What memory says of a session; undefined when it must be asked. Refusals come first: they need no lease. */
  #judge(session: CachedSession, presented: Presented): AdmittedFromHere | Refused | undefined {
    const { beganAt: now } = presented
    if (this.cache.isOver(session)) return this.#end(session, REVOKED, now)
    if (session.hasReachedAbsoluteLimit(now)) return this.#end(session, EXPIRED, now)
    if (!this.#isCoherent(session, now)) return undefined
    if (session.isOverlapOpen) this.#noteUse(session, presented)
    return admit(session)
  }

  /** A proof that is not the present one, by what memory knows. */
  #judgeOther(session: CachedSession, presented: Presented): AdmittedFromHere | Refused | undefined {
    const { beganAt: now } = presented
    const standing = session.standingOf(presented.proof, now)
    // That its time is over is for ever, and needs no lease.
    if (standing === 'predecessor') return this.#refusePredecessor(presented)
    // Only the authority knows whether what has run out here is over there. And without a lease, memory may not have
    // heard of a rotation that everybody else knows: even a mismatch is certain only under one.
    if (standing === 'lapsed' || !this.#isCoherent(session, now)) return undefined
    if (standing === 'unknown') return MISMATCH
    if (this.cache.isOver(session)) return this.#end(session, REVOKED, now)
    return admit(session)
  }

  #refusePredecessor(presented: Presented): Refused {
    if (this.#tokenKind === 'relay') return MISMATCH
    this.#onSecretSeen(presented)
    return PREDECESSOR
  }

  #noteUse(session: CachedSession, presented: Presented): void {
    if (this.#tokenKind === 'session' && session.cutOverlap(presented.beganAt)) this.#onSecretSeen(presented)
  }

  /** True while memory may answer for a session that somebody holds on to: it is still remembered, and coherent. */
  vouchesFor(session: CachedSession, now: Instant): boolean {
    return (
      this.cache.get(session.id) === session && !this.cache.isOver(session) && this.#isCoherent(session, now)
    )
  }

  #isCoherent(session: CachedSession, now: Instant): boolean {
    return session.subject.isCurrent && !session.mayHaveReachedLimit(now) && this.hasUsableLease(now)
  }

  /**
   * For those who would rather hear what was true a moment ago than nothing: a session that is remembered, by a process
   * that still follows the log, after its lease has ended. Whatever the log has said since counts all the same.
   */
  staleVerdictOn(
    { sessionId, proof }: Presented,
    now: Instant,
    maxStalenessMs: number,
  ): AdmittedFromHere | undefined {
    const session = this.cache.get(sessionId)
    if (session === undefined || this.#applied === undefined || this.#vouchedAt === undefined)
      return undefined
    const isRemembered =
      session.isProvenBy(proof) && session.subject.isCurrent && !session.mayHaveReachedLimit(now)
    if (!isRemembered || this.cache.isOver(session)) return undefined
    return elapsedMs(this.#vouchedAt, now) <= maxStalenessMs ? admit(session) : undefined
  }

  /** Asks about sessions. The moment counts: nothing that happens later can be missing from the answer unnoticed. */
  ask(sessionIds: readonly SessionId[], now: Instant): Question {
    return { sessionIds, askedAt: now, generation: this.#generation, minSeq: this.#applied ?? 0 }
  }

  /** One answer to a question, read by the replica as of `asOf`. Decides what it may still be used for. */
  answered(question: Question, answer: Answered, sessionId: SessionId, asOf: Position): Outcome {
    const position = parsePosition(asOf)
    if (answer.status === 'refused') {
      // Over is over: a refusal needs no coherence, and what memory held of the session goes.
      const known = this.cache.get(sessionId)
      if (known) this.cache.remove(known)
      this.#refused.remember(sessionId, answer.reason, question.askedAt)
      return { kind: 'refused', reason: answer.reason }
    }
    // Read under another log, or asked before memory was emptied: whatever was missed since is not known here.
    if (position?.epoch !== this.#epoch || question.generation !== this.#generation) return STALE
    const born = parsePosition(answer.birth)
    const fact = {
      answer,
      askedAt: question.askedAt,
      readAt: position.seq,
      birth: born?.epoch === this.#epoch ? born.seq : 0,
    }
    const isFollowing = this.#applied !== undefined
    if (isFollowing && this.#recent.verdictSince(position.seq, answer.session) !== 'untouched') return STALE
    // Another question was answered meanwhile: a late answer admits no session that has been refused.
    const reason = this.#refused.reasonFor(sessionId, question.askedAt)
    if (reason !== undefined) return { kind: 'refused', reason }
    // While the log is not followed nothing may be remembered; the answer still holds for those who waited for it.
    if (!isFollowing) return { kind: 'live', session: this.cache.detached(fact) }
    // Whoever remembered it would refuse the new secret: rotate-session.ts hands it out once nobody can any more.
    if (answer.isRotating) return { kind: 'live', session: this.cache.detached(fact) }
    return { kind: 'live', session: this.cache.put(fact) }
  }

  /** The verdict for one who asked before the question was sent. The replica answered under its own lease. */
  verdictOn(session: CachedSession, presented: Presented, now: Instant): AdmittedFromHere | Refused {
    const standing = session.standingOf(presented.proof, presented.beganAt)
    if (standing === 'unknown') return MISMATCH
    if (standing === 'predecessor' || standing === 'lapsed') return this.#refusePredecessor(presented)
    if (this.cache.isOver(session)) return REVOKED
    if (session.hasReachedAbsoluteLimit(now)) return EXPIRED
    if (standing === 'current' && session.isOverlapOpen) this.#noteUse(session, presented)
    return admit(session)
  }

  /** The second half of a token proves a session: at the gateway by its hash, elsewhere as it is. */
  #proofFrom(rest: string): string {
    return this.#tokenKind === 'session' ? hashSecret(rest as SessionSecret) : rest
  }

  #end(session: CachedSession, verdict: Refused, now: Instant): Refused {
    this.cache.remove(session)
    this.#refused.remember(session.id, verdict.reason, now)
    return verdict
  }
}
