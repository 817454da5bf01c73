/**
 * ③ What a guard let in: the session, under which demands, and the watch over it for as long as the response lasts.
 * Promise: nothing is watched that nobody asked for, and no watch outlives its response.
 */
import type { ServerResponse } from 'node:http'

import type { Permission } from '@curfew/contracts'
import type { VerifiedSession, Verifier } from '@curfew/verifier'

export interface AdmissionOptions {
  readonly verifier: Verifier
  readonly response: ServerResponse
  readonly maxStalenessMs: number
  /** Demanded of the session so far. */
  readonly permissions: readonly Permission[]
}

export class Admission {
  readonly session: VerifiedSession
  readonly maxStalenessMs: number
  readonly #verifier: Verifier
  readonly #response: ServerResponse
  #permissions: readonly Permission[]
  #signal: AbortSignal | undefined

  constructor(session: VerifiedSession, options: AdmissionOptions) {
    const { verifier, response, maxStalenessMs, permissions } = options
    this.session = session
    this.maxStalenessMs = maxStalenessMs
    this.#permissions = permissions
    this.#verifier = verifier
    this.#response = response
  }

  get permissions(): readonly Permission[] {
    return this.#permissions
  }

  /** The response lasts no longer than the session has this permission. */
  demand(permission: Permission): void {
    this.#permissions = [...this.#permissions, permission]
  }

  get signal(): AbortSignal {
    return (this.#signal ??= this.#watch())
  }

  #watch(): AbortSignal {
    const { signal, release } = this.#verifier.watch(this.session, { permissions: this.#permissions })
    // Also emitted after a response that has ended in order. A response that is closed already says it no more.
    const response = this.#response
    if (response.closed) release()
    // One listener more than Node expects of those who pipe into the response as well.
    else response.setMaxListeners(response.getMaxListeners() + 1).once('close', release)
    return signal
  }
}
