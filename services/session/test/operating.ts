/** ④ ⑤ What an operator does and sees of confirmations, with leases so short that a test can wait for their end. */
import { BearerClient, expectJson } from '@curfew/test-kit'

import type { Created } from './stage.ts'

export const LEASE_MS = 1_500
export const W_MS = LEASE_MS * 1.1 + 250
/** Far below W, far above what a busy machine needs for a round of messages. */
export const AT_ONCE_MS = 700
export const ENV = { SESSION_LEASE_MS: String(LEASE_MS) }

export interface Answer {
  readonly revocation: { readonly id: string; readonly position: string }
  readonly state: string
  readonly confirmed_by?: string
  readonly recorded: boolean
  readonly verifiers?: { total: number; acknowledged: number; lapsed: number }
  readonly tookMs: number
}

type Verifier = Readonly<Record<string, unknown>>

export class Operating {
  readonly #operator: Created
  readonly #usual: { readonly url: string }

  /** @param usual the replica that is asked when no other is named. */
  constructor(operator: Created, usual: { readonly url: string }) {
    this.#operator = operator
    this.#usual = usual
  }

  async revoke(by = this.#usual, key?: string): Promise<Answer> {
    const startedAt = performance.now()
    const response = await this.at(by).request('POST', '/v1/revocations', {
      json: { scope: { type: 'user', tenant: 'acme', user: 'alice' }, reason: 'test' },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    })
    const answer = await expectJson<Answer>(response, 200)
    return { ...answer, tookMs: performance.now() - startedAt }
  }

  async verifiers(by = this.#usual): Promise<Verifier[]> {
    const response = await this.at(by).get('/v1/verifiers')
    return expectJson<Verifier[]>(response, 200)
  }

  async isListed(id: string): Promise<boolean> {
    return (await this.verifiers()).some((verifier) => verifier['id'] === id)
  }

  at(by = this.#usual): BearerClient {
    return new BearerClient(by.url, this.#operator.token)
  }
}

export const byAcknowledgement = (total: number) => ({
  state: 'confirmed',
  confirmed_by: 'acknowledgement',
  verifiers: { total, acknowledged: total, lapsed: 0 },
})

export const byExpiry = (total: number) => ({
  state: 'confirmed',
  confirmed_by: 'lease-expiry',
  verifiers: { total, acknowledged: total - 1, lapsed: 1 },
})
