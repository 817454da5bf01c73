/**
 * Whoever is logged in, and every call made as them.
 * Promise: the token goes to the addresses that it was got for and nowhere else; where the authority wants a more recent
 * authentication, the password is asked for once more and the new token kept before anything else happens.
 */
import type { ProblemCode } from '@curfew/contracts'
import type { Static, TSchema } from 'typebox'

import { TokenAnswer } from '../api/answers.ts'
import { expected, open, Refusal, send, sendFor, type Answer, type Call } from '../api/http.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { askSecret, canAsk } from '../terminal/prompts.ts'
import { writeProfile, type Profile } from './profiles.ts'

export type OperatorCall = Omit<Call, 'base' | 'token'>

export class Operator {
  readonly #file: string
  #profile: Profile

  constructor(file: string, profile: Profile) {
    this.#file = file
    this.#profile = profile
  }

  get profile(): Profile {
    return this.#profile
  }

  /** `tenant/user`, as the log and the audit trail name them. */
  get account(): string {
    return `${this.#profile.tenant}/${this.#profile.user}`
  }

  /** A call to the operators' API, with an answer of this shape. @throws NoAnswer, Refusal */
  async for<T extends TSchema>(
    schema: T,
    call: OperatorCall,
  ): Promise<Answer & { readonly body: Static<T> }> {
    return this.#recently(() => sendFor(schema, this.#addressed(call)))
  }

  /** The answer may come as a stream. @throws NoAnswer, Refusal */
  async open(call: OperatorCall, accept: string): Promise<Response> {
    return this.#recently(() => open(this.#addressed(call), accept))
  }

  /** The same at the public face. */
  async atGateway(call: OperatorCall): Promise<Answer> {
    return send({ ...call, base: this.#profile.gateway, token: this.#profile.token })
  }

  #addressed(call: OperatorCall): Call {
    return { ...call, base: this.#profile.server, token: this.#profile.token }
  }

  async #recently<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task()
    } catch (error) {
      if (!isTooOld(error)) throw error
      await this.#authenticateAgain()
      return task()
    }
  }

  async #authenticateAgain(): Promise<void> {
    if (!canAsk())
      throw new Failure(EXIT.refused, 'This needs a more recent authentication.', {
        code: 'insufficient-authentication' satisfies ProblemCode,
        hint: 'Log in again right before: curfew login --password-stdin',
      })
    process.stderr.write('This needs a more recent authentication.\n')
    for (let attempt = 1; ; attempt += 1) {
      const password = await askSecret(`Password of ${this.account}`)
      try {
        return await this.#elevate(password)
      } catch (error) {
        const isWrong =
          error instanceof Refusal && error.code === ('invalid-credentials' satisfies ProblemCode)
        if (!isWrong || attempt === MAX_PASSWORDS) throw error
        process.stderr.write('That is not the password.\n')
      }
    }
  }

  async #elevate(password: string): Promise<void> {
    const call: OperatorCall = { method: 'POST', path: '/session/elevate', json: { password } }
    const answer = await this.atGateway(call)
    const { token, session } = expected(TokenAnswer, answer, { ...call, base: this.#profile.gateway })
    const { id, expires_at } = session
    this.#profile = { ...this.#profile, token, session: id, expires_at }
    // The old token is dead by now.
    await writeProfile(this.#file, this.#profile)
  }
}

const MAX_PASSWORDS = 3
function isTooOld(error: unknown): boolean {
  return error instanceof Refusal && error.code === ('insufficient-authentication' satisfies ProblemCode)
}
