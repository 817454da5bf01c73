/**
 * ② One check after the other: answered from memory, or asked for together with the others of its tick.
 * Promise: never rejects; who is not admitted from memory under a lease waits for an answer that was asked for afterwards.
 */
import type { SessionId } from '@curfew/contracts'
import type { Clock } from '@curfew/protocol'

import type { Authority } from './authority.ts'
import { createBatches, type Asked, type Batches } from './batches.ts'
import { admit } from './cached-session.ts'
import type { CoherentVerifier, Outcome, Presented } from './coherent-verifier.ts'
import type { VerifierMetrics } from './metrics.ts'
import type { CheckOptions, Verdict } from './verdict.ts'
import type { Watches } from './watches.ts'

const RETRY_AFTER_MS = 1_000
/** Checks that wait for an answer; beyond this the service is overloaded and says so at once. */
const WAITING_MAX = 20_000
/** An answer that the log has overtaken is asked for again this often. */
const ASKS_MAX = 4
/** Nobody answered about sessions in use: they are left alone for so long, unless somebody waits. */
const REFRESH_PAUSE_MS = 1_000

const UNSURE: Verdict = { kind: 'unsure', retryAfterMs: RETRY_AFTER_MS }

export interface ChecksOptions {
  readonly core: CoherentVerifier
  readonly authority: Authority
  /** Hear of every answer. */
  readonly watches: () => Watches
  readonly clock: Clock
  readonly metrics: VerifierMetrics
}

export class Checks {
  readonly #options: ChecksOptions
  readonly #batches: Batches<Outcome>
  #refreshFromMs = 0

  constructor(options: ChecksOptions) {
    this.#options = options
    this.#batches = createBatches({ ask: (sessions) => this.#ask(sessions), waitingMax: WAITING_MAX })
  }

  check(token: string, options: CheckOptions | undefined): Verdict | Promise<Verdict> {
    const { core, clock, metrics } = this.#options
    const now = clock()
    const recognised = core.recognise(token, now)
    if (recognised !== undefined) {
      metrics.hit()
      return admit(recognised)
    }
    const found = core.check(token, now)
    if (found.kind === 'miss') return this.#fill(found.presented, options)
    if (found.kind === 'refused') return this.#counted(found)
    metrics.hit()
    const { session } = found
    const isActivity = options?.isActivity !== false
    if (isActivity && session.isRefreshDue(now) && now.monotonicMs >= this.#refreshFromMs)
      this.#batches.refresh(session.id)
    return found
  }

  /** Asks although nobody waits: what the answer says reaches memory and the watches, and no idle limit is renewed. */
  askAbout(sessions: readonly SessionId[]): void {
    for (const session of sessions) this.#batches.refresh(session, false)
  }

  /** Who waits is told that nobody knows. */
  close(): void {
    this.#batches.close()
  }

  async #fill(presented: Presented, options: CheckOptions = {}): Promise<Verdict> {
    const { core, clock, metrics } = this.#options
    const { maxStalenessMs = 0, isActivity } = options
    for (let asked = 0; asked < ASKS_MAX; asked += 1) {
      const outcome = await this.#batches.resolve(presented.sessionId, isActivity)
      if (outcome === undefined) break
      if (outcome.kind === 'refused') return this.#counted(outcome)
      if (outcome.kind === 'live') return this.#counted(core.verdictOn(outcome.session, presented, clock()))
    }
    const stale = maxStalenessMs > 0 && core.staleVerdictOn(presented, clock(), maxStalenessMs)
    if (!stale) return this.#counted(UNSURE)
    metrics.admittedStale()
    return stale
  }

  /** One request. The question is put to the core when it is sent, the answers before anybody hears of them. */
  async #ask(asked: readonly Asked[]): Promise<readonly (Outcome | undefined)[] | undefined> {
    const { core, authority, clock, watches } = this.#options
    if (core.epoch === 0) return undefined
    const question = core.ask(
      asked.map(({ id }) => id),
      clock(),
    )
    const answer = await authority.resolve(core.epoch, asked, question.minSeq)
    if (answer === undefined) {
      this.#refreshFromMs = clock().monotonicMs + REFRESH_PAUSE_MS
      return undefined
    }
    return answer.sessions.map((resolved, index) => {
      // `resolve` has seen to it that there is one for each.
      const { id, isActivity } = asked[index] as Asked
      if (resolved.status === 'left-out') return undefined
      const outcome = core.answered(question, resolved, id, answer.asOf)
      if (outcome.kind === 'live' && isActivity) outcome.session.toldOfUse(question.askedAt)
      watches().answered(id, outcome, question.askedAt)
      return outcome
    })
  }

  #counted(verdict: Verdict): Verdict {
    this.#options.metrics.checked(verdict)
    return verdict
  }
}
