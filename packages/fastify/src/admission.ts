/**
 * ③ What a guard let in: the session, under which demands, and the watch over it for as long as the response lasts.
 * Promise: nothing is watched that nobody asked for, and no watch outlives its response.
 */
import type { ServerResponse } from 'node:http'

import type { Permission } from '@curfew/contracts'
import type { VerifiedSession, Verifier } from '@curfew/verifier'

import type { RecentDemand } from './recent-auth.ts'

/** The demands of all guards that a request has passed on its session. */
export interface Demands {
  readonly maxStalenessMs: number
  /** The response lasts no longer than the session has them. */
  readonly permissions: readonly Permission[]
  readonly recent: readonly RecentDemand[]
}

export interface AdmissionOptions {
  readonly verifier: Verifier
  readonly response: ServerResponse
  readonly demands: Demands
}

export class Admission {
  readonly session: VerifiedSession
  readonly response: ServerResponse
  readonly #verifier: Verifier
  #demands: Demands
  #signal: AbortSignal | undefined

  constructor(session: VerifiedSession, { verifier, response, demands }: AdmissionOptions) {
    this.session = session
    this.response = response
    this.#verifier = verifier
    this.#demands = demands
  }

  get demands(): Demands {
    return this.#demands
  }

  demandPermission(permission: Permission): void {
    this.#demands = { ...this.#demands, permissions: [...this.#demands.permissions, permission] }
  }

  demandRecent(recent: RecentDemand): void {
    this.#demands = { ...this.#demands, recent: [...this.#demands.recent, recent] }
  }

  get signal(): AbortSignal {
    return (this.#signal ??= this.#watch())
  }

  #watch(): AbortSignal {
    const { signal, release } = this.#verifier.watch(this.session, { permissions: this.#demands.permissions })
    // Also emitted after a response that has ended in order. A response that is closed already says it no more.
    const { response } = this
    if (response.closed) release()
    // One listener more than Node expects of those who pipe into the response as well.
    else response.setMaxListeners(response.getMaxListeners() + 1).once('close', release)
    return signal
  }
}
