/**
 * ② The questions that a verifier puts to the session authority.
 * Promise: undefined wherever there is no answer; nothing is passed on unless it answers exactly what was asked.
 */
import {
  HELLO,
  JOIN,
  LEAVE,
  RENEW_LEASE,
  REPORT_SECRETS,
  RESOLVE,
  SUBJECTS,
  memberSubject,
  renewSubject,
  resolveSubject,
  type Audience,
  type Member,
  type MemberId,
  type RequestContract,
  type Resolved,
  type SessionId,
} from '@curfew/contracts'
import { RequestFailed, ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Static, TSchema } from 'typebox'

import type { Asked } from './batches.ts'
import type { VerifierLogger } from './verdict.ts'

const HELLO_TIMEOUT_MS = 1_000
const RESOLVE_TIMEOUT_MS = 2_000
const JOIN_TIMEOUT_MS = 2_000
const LEAVE_TIMEOUT_MS = 1_000
/** Longer than the authority waits for the end of a session to reach everybody. */
const REPORT_TIMEOUT_MS = 5_000

export interface AuthorityOptions {
  readonly nc: NatsConnection
  readonly audience: Audience
  readonly logger: VerifierLogger
  readonly onResolved: (sessions: number, outcome: string) => void
}

export type JoinRefusal = Extract<Static<typeof JOIN.answer>, { refused: unknown }>
export type SeenSecret = Static<typeof REPORT_SECRETS.question>['seen'][number]

export class Authority {
  readonly #options: AuthorityOptions
  /** An outage fails every question; it is told once for each kind when it begins and once when it is over. */
  readonly #failing = new Map<string, string>()
  #isReachable = false

  constructor(options: AuthorityOptions) {
    this.#options = options
  }

  /** True while the latest question was answered by a replica. */
  get isReachable(): boolean {
    return this.#isReachable
  }

  hello(): Promise<Static<typeof HELLO.answer> | undefined> {
    return this.#ask(HELLO, SUBJECTS.hello, {}, HELLO_TIMEOUT_MS)
  }

  join(epoch: number, member: Member): Promise<Static<typeof JOIN.answer> | undefined> {
    const subject = memberSubject(epoch, 'join', this.#options.audience)
    return this.#ask(JOIN, subject, member, JOIN_TIMEOUT_MS)
  }

  async leave(epoch: number, member: MemberId): Promise<boolean> {
    const subject = memberSubject(epoch, 'leave', this.#options.audience)
    return (await this.#ask(LEAVE, subject, { member }, LEAVE_TIMEOUT_MS)) !== undefined
  }

  renew(
    epoch: number,
    renewal: Static<typeof RENEW_LEASE.question>,
    timeoutMs: number,
  ): Promise<Static<typeof RENEW_LEASE.answer> | undefined> {
    return this.#ask(RENEW_LEASE, renewSubject(epoch, this.#options.audience), renewal, timeoutMs)
  }

  async resolve(
    epoch: number,
    asked: readonly Asked[],
    minSeq: number,
  ): Promise<Static<typeof RESOLVE.answer> | undefined> {
    const subject = resolveSubject(epoch, this.#options.audience)
    const sessions = asked.map(({ id }) => id)
    const passive = asked.filter(({ isActivity }) => !isActivity).map(({ id }) => id)
    const question = { sessions, minSeq, ...(passive.length > 0 && { passive }) }
    const answer = await this.#ask(RESOLVE, subject, question, RESOLVE_TIMEOUT_MS)
    const isAnswer = answer !== undefined && isAnswerTo(sessions, answer.sessions)
    if (answer !== undefined && !isAnswer) this.#failed(RESOLVE.name, 'malformed')
    this.#options.onResolved(
      sessions.length,
      isAnswer ? 'ok' : (this.#failing.get(RESOLVE.name) ?? 'unexpected'),
    )
    return isAnswer ? answer : undefined
  }

  /** ① What the gateway saw of secrets. */
  async reportSecrets(seen: SeenSecret[]): Promise<boolean> {
    const subject = SUBJECTS.reportSecrets
    return (await this.#ask(REPORT_SECRETS, subject, { seen }, REPORT_TIMEOUT_MS)) !== undefined
  }

  // oxlint-disable-next-line max-params -- private, and reads like the `ask` that it wraps
  async #ask<Q extends TSchema, A extends TSchema>(
    contract: RequestContract<Q, A>,
    subject: string,
    question: Static<Q>,
    timeoutMs: number,
  ): Promise<Static<A> | undefined> {
    try {
      const answer = await ask(this.#options.nc, contract, subject, question, { timeoutMs })
      this.#isReachable = true
      const { name } = contract
      if (this.#failing.delete(name))
        this.#options.logger.info({ event: 'verifier.ask.recovered', request: name })
      return answer
    } catch (error) {
      const code = error instanceof RequestFailed ? error.code : 'unexpected'
      if (code === 'unavailable' || code === 'timeout') this.#isReachable = false
      this.#failed(contract.name, code)
      return undefined
    }
  }

  #failed(request: string, code: string): void {
    if (this.#failing.get(request) === code) return
    this.#failing.set(request, code)
    this.#options.logger.warn({ event: 'verifier.ask.failed', request, code })
  }
}

/** Answers come by order alone: one too few or one swapped would hand a session to somebody else's token. */
function isAnswerTo(asked: readonly SessionId[], answers: readonly Resolved[]): boolean {
  return (
    answers.length === asked.length &&
    answers.every((answer, index) => answer.status !== 'live' || answer.session.id === asked[index])
  )
}
