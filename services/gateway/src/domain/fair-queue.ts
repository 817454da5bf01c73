/**
 * ① Who is next, where more work is asked for than can be done at once: start-time fair queueing over two kinds of lanes.
 * Promise: a caller waits behind at most one piece of work of each other address or, on every other turn, of each other account,
 * however many the others have sent; known callers come first and strangers still get every fourth turn; the queue is bounded,
 * and what does not fit is the latest work
 * of the busiest address, or of the account that is asked for most.
 */

/** Whose work it is. */
export interface Place {
  readonly address: string
  readonly account: string
  /** At a device or in a session that belongs to the account. */
  readonly isKnown: boolean
}

export interface FairQueue {
  /** False where work of this place would be turned away now. */
  hasRoomFor(place: Place): boolean
  /** The result of the work; undefined when it was turned away, at once or in favour of an address that has less in the queue. */
  run<T>(place: Place, work: () => Promise<T>): Promise<T | undefined>
}

export interface QueueLimits {
  readonly atOnce: number
  readonly waitingMax: number
}

const STRANGERS_EVERY = 4

interface Waiting {
  readonly place: Place
  /** Virtual times at which the lanes of its address and of its account would begin with it. */
  readonly byAddress: number
  readonly byAccount: number
  /** True when it is its turn, false when it has been turned away. */
  readonly decide: (isTurn: boolean) => void
}

type Order = 'byAddress' | 'byAccount'

export function createFairQueue({ atOnce, waitingMax }: QueueLimits): FairQueue {
  const waiting: Waiting[] = []
  const addresses = new Lanes()
  const accounts = new Lanes()
  let running = 0
  let turns = 0

  function next(): Waiting | undefined {
    turns += 1
    const order: Order = turns % 2 === 0 ? 'byAccount' : 'byAddress'
    const isStrangersTurn = turns % STRANGERS_EVERY === 0
    const preferred = waiting.filter(({ place }) => place.isKnown !== isStrangersTurn)
    const chosen = firstBy(order, preferred.length > 0 ? preferred : waiting)
    if (chosen === undefined) return undefined
    waiting.splice(waiting.indexOf(chosen), 1)
    if (order === 'byAddress') addresses.advanceTo(chosen.byAddress)
    else accounts.advanceTo(chosen.byAccount)
    return chosen
  }

  /** The work that gives way to one of this place; undefined where there is none. */
  function displacedBy({ address, account, isKnown }: Place): Waiting | undefined {
    const strangers = waiting.filter(({ place }) => !place.isKnown)
    // Half of the room at most: somebody with a device of their own must not keep all strangers out.
    if (isKnown && strangers.length > waitingMax / 2) return lastOf(strangers)
    const last = lastOf(waiting.filter(({ place }) => place.isKnown === isKnown))
    if (last === undefined) return undefined
    const from = addresses.peek(address)
    const isEarlier =
      from < last.byAddress || (from === last.byAddress && accounts.peek(account) < last.byAccount)
    return isEarlier ? last : undefined
  }

  function hasRoomFor(place: Place): boolean {
    return running < atOnce || waiting.length < waitingMax || displacedBy(place) !== undefined
  }

  /** @returns false where the work has been turned away */
  async function turn(place: Place): Promise<boolean> {
    if (running < atOnce) {
      running += 1
      return true
    }
    if (waiting.length >= waitingMax) {
      const displaced = displacedBy(place)
      if (displaced === undefined) return false
      waiting.splice(waiting.indexOf(displaced), 1)
      addresses.withdraw(displaced.place.address)
      accounts.withdraw(displaced.place.account)
      displaced.decide(false)
    }
    const [byAddress, byAccount] = [addresses.enter(place.address), accounts.enter(place.account)]
    return new Promise((decide) => waiting.push({ place, byAddress, byAccount, decide }))
  }

  /** The place is handed on, so that nobody slips in between. */
  function leave(): void {
    const following = next()
    if (following !== undefined) return following.decide(true)
    running -= 1
    addresses.forget()
    accounts.forget()
  }

  return {
    hasRoomFor,
    async run(place, work) {
      if (!(await turn(place))) return undefined
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}

function firstBy(order: Order, candidates: readonly Waiting[]): Waiting | undefined {
  // Equals keep the order in which they came.
  return candidates.reduce<Waiting | undefined>(
    (first, one) => (first === undefined || one[order] < first[order] ? one : first),
    undefined,
  )
}

/** By address, among equals by account; of those that are equal in both the latest. */
function lastOf(candidates: readonly Waiting[]): Waiting | undefined {
  return candidates.reduce<Waiting | undefined>(
    (last, one) => (last === undefined || isNotBefore(one, last) ? one : last),
    undefined,
  )
}

function isNotBefore(one: Waiting, other: Waiting): boolean {
  return one.byAddress === other.byAddress
    ? one.byAccount >= other.byAccount
    : one.byAddress > other.byAddress
}

/** When the next work of each lane would begin, were all lanes served in turn. */
class Lanes {
  readonly #nextOf = new Map<string, number>()
  #now = 0

  /** The virtual time at which work of this lane would begin. */
  peek(lane: string): number {
    return Math.max(this.#now, this.#nextOf.get(lane) ?? 0)
  }

  enter(lane: string): number {
    const at = this.peek(lane)
    this.#nextOf.set(lane, at + 1)
    return at
  }

  /** Work of this lane has been turned away after all. */
  withdraw(lane: string): void {
    this.#nextOf.set(lane, this.peek(lane) - 1)
  }

  /** Nothing waits any more. */
  forget(): void {
    this.#nextOf.clear()
  }

  /** Lanes that have nothing ahead of the time are as if they had never been there. */
  advanceTo(time: number): void {
    if (time <= this.#now) return
    this.#now = time
    for (const [lane, at] of this.#nextOf) if (at <= time) this.#nextOf.delete(lane)
  }
}
