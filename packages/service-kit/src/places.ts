/**
 * Places for what may be under way at a time: requests at one service, transfers of one replica.
 * Promise: no session and no address takes them all, so that others find a place however many one caller wants.
 */
export interface PlaceHolder {
  readonly session: string
  /** As `addressKey` writes it, or any other form that a caller cannot vary for free. */
  readonly address: string
}

export interface PlaceLimits {
  readonly all: number
  readonly perSession: number
  readonly perAddress: number
}

export class Places {
  readonly #limits: PlaceLimits
  readonly #bySession = new Map<string, number>()
  readonly #byAddress = new Map<string, number>()
  #taken = 0

  constructor(limits: PlaceLimits) {
    this.#limits = limits
  }

  take({ session, address }: PlaceHolder): 'taken' | 'full' | 'share-used-up' {
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
  giveBack({ session, address }: PlaceHolder): void {
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
