/**
 * The request bodies that a server waits for.
 * Promise: a new one always gets in. The oldest makes room for it, which is a slow one: others arrive within moments. A caller
 * that has used up the share of its address displaces only bodies from there.
 */
import { addressKey } from './address-class.ts'

export interface ArrivingLimits {
  /** A quarter of them may come from one address that is no trusted proxy. */
  readonly arrivingMax: number
  readonly isTrustedProxy: (address: string) => boolean
}

const SHARE_OF_ONE_ADDRESS = 1 / 4

interface Wait {
  readonly key: string | undefined
  readonly cutOff: () => void
}

export class ArrivingBodies {
  readonly #limits: ArrivingLimits
  /** Sets keep the order of arrival. */
  readonly #all = new Set<Wait>()
  readonly #byAddress = new Map<string, Set<Wait>>()

  constructor(limits: ArrivingLimits) {
    this.#limits = limits
  }

  /**
   * @param cutOff ends the wait in favour of a newer body
   * @returns ends it otherwise; a second call does nothing
   */
  add(address: string, cutOff: () => void): () => void {
    const { arrivingMax, isTrustedProxy } = this.#limits
    const key = isTrustedProxy(address) ? undefined : addressKey(address)
    const ofAddress = key === undefined ? undefined : this.#byAddress.get(key)
    if (ofAddress !== undefined && ofAddress.size >= Math.ceil(arrivingMax * SHARE_OF_ONE_ADDRESS))
      this.#displaceOldest(ofAddress)
    if (this.#all.size >= arrivingMax) this.#displaceOldest(this.#all)

    const wait = { key, cutOff }
    this.#all.add(wait)
    if (key !== undefined) this.#byAddress.set(key, (this.#byAddress.get(key) ?? new Set()).add(wait))
    return () => this.#delete(wait)
  }

  #displaceOldest(waits: ReadonlySet<Wait>): void {
    const [oldest] = waits
    if (oldest === undefined) return
    this.#delete(oldest)
    oldest.cutOff()
  }

  #delete(wait: Wait): void {
    this.#all.delete(wait)
    if (wait.key === undefined) return
    const ofAddress = this.#byAddress.get(wait.key)
    ofAddress?.delete(wait)
    if (ofAddress?.size === 0) this.#byAddress.delete(wait.key)
  }
}
