/**
 * ⑦ Keeps asking ④ whether the sessions behind deliveries under way are still good: all of them with one request.
 * Promise: a delivery whose session is over, or of which nobody can say for seconds, is told so once.
 */
import { checkClaims, type FileClaim } from '@curfew/one-time-claims'
import { MAX_CHECKED_CLAIMS } from '@curfew/contracts'
import type { NatsConnection } from '@nats-io/transport-node'

const CHECK_EVERY_MS = 500
/** As long as a lease: who has not been vouched for since then is not vouched for. */
const PATIENCE_MS = 5_000

interface Watched {
  readonly claim: FileClaim
  readonly onWithdrawn: () => void
  goodAtMs: number
}

export class ClaimWatch {
  readonly #check: (claims: readonly FileClaim[]) => Promise<boolean[]>
  readonly #watched = new Set<Watched>()
  #isScheduled = false

  constructor(nc: NatsConnection) {
    this.#check = (claims) => checkClaims(nc, claims)
  }

  watch(claim: FileClaim, onWithdrawn: () => void): () => void {
    const watched = { claim, onWithdrawn, goodAtMs: performance.now() }
    this.#watched.add(watched)
    this.#schedule()
    return () => void this.#watched.delete(watched)
  }

  #schedule(): void {
    if (this.#isScheduled || this.#watched.size === 0) return
    this.#isScheduled = true
    setTimeout(() => void this.#review(), CHECK_EVERY_MS).unref()
  }

  async #review(): Promise<void> {
    const all = [...this.#watched]
    const rounds: Promise<void>[] = []
    for (let start = 0; start < all.length; start += MAX_CHECKED_CLAIMS)
      rounds.push(this.#ask(all.slice(start, start + MAX_CHECKED_CLAIMS)))
    await Promise.all(rounds)
    this.#isScheduled = false
    this.#schedule()
  }

  async #ask(some: readonly Watched[]): Promise<void> {
    const askedAtMs = performance.now()
    const stand = await this.#check(some.map(({ claim }) => claim)).catch(() => undefined)
    for (const [index, watched] of some.entries()) {
      if (stand?.[index] === true) watched.goodAtMs = askedAtMs
      else if (stand !== undefined || performance.now() - watched.goodAtMs > PATIENCE_MS) this.#end(watched)
    }
  }

  #end(watched: Watched): void {
    if (this.#watched.delete(watched)) watched.onWithdrawn()
  }
}
