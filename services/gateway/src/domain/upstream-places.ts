/**
 * ① Who has the places at one service: the requests that may be under way there.
 * Promise: no session and no address takes them all, so that others find the service however busy one caller keeps it.
 */
import type { UpstreamCaller } from '../ports.ts'

export interface PlaceLimits {
  readonly all: number
  readonly perSession: number
  readonly perAddress: number
}

export class UpstreamPlaces {
  readonly #limits: PlaceLimits
  readonly #bySession = new Map<string, number>()
  readonly #byAddress = new Map<string, number>()
  #taken = 0

  constructor(limits: PlaceLimits) {
    this.#limits = limits
  }

  take({ session, address }: UpstreamCaller): 'taken' | 'full' | 'share-used-up' {
    const { all, perSession, perAddress } = this.#limits
    if (this.#taken >= all) return 'full'
    const ofSession = this.#bySession.get(session) ?? 0
    const ofAddress = this.#byAddress.get(address) ?? 0
    if (ofSession >= perSession || ofAddress >= perAddress) return 'share-used-up'
    this.#taken += 1
    this.#bySession.set(session, ofSession + 1)
    this.#byAddress.set(address, ofAddress + 1)
    return 'taken'
  }

  /** Once for each that was taken. */
  giveBack({ session, address }: UpstreamCaller): void {
    this.#taken -= 1
    decrement(this.#bySession, session)
    decrement(this.#byAddress, address)
  }
}

function decrement(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1
  if (left > 0) counts.set(key, left)
  else counts.delete(key)
}
