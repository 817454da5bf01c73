/**
 * Events on their way to the audit trail that somebody can cause as often as they like, refusals above all: the first of a kind in
 * a window are told at once and the others as one count when the window ends.
 * Promise: whatever is tried, from however many addresses, a window costs a bounded number of events and a bounded amount of
 * memory, and every occurrence is in a count.
 */
import type { SecurityEvent } from '@curfew/contracts'

export interface EventSumsOptions<T extends string> {
  readonly tell: (event: SecurityEvent<T>) => void
  readonly windowMs?: number | undefined
  /** Events of one account or network that are told one by one in a window. */
  readonly eachMax?: number
  /** Accounts and networks that are told one by one in a window; the others share one count for each type of event. */
  readonly subjectsMax?: number
}

interface Sum<T extends string> {
  readonly first: SecurityEvent<T>
  told: number
  more: number
  readonly networks: Set<string>
}

const WINDOW_MS = 60_000
const SUBJECTS_MAX = 100
const NETWORKS_MAX = 100

/** Of events of the types `T`. */
export class EventSums<T extends string = string> {
  readonly #tell: (event: SecurityEvent<T>) => void
  readonly #eachMax: number
  readonly #subjectsMax: number
  readonly #windowMs: number
  readonly #timer: NodeJS.Timeout
  #sums = new Map<string, Sum<T>>()
  #isClosed = false

  constructor({ tell, windowMs = WINDOW_MS, eachMax = 1, subjectsMax = SUBJECTS_MAX }: EventSumsOptions<T>) {
    this.#tell = tell
    this.#windowMs = windowMs
    this.#eachMax = eachMax
    this.#subjectsMax = subjectsMax
    // Not started by the first event: what it tells would then belong to the request that caused that.
    this.#timer = setInterval(() => this.#endWindow(), windowMs).unref()
  }

  note(event: SecurityEvent<T>): void {
    if (this.#isClosed) return this.#tell(event)
    const key = keyOf(event)
    const known = this.#sums.get(key)
    if (known !== undefined) {
      if (known.told >= this.#eachMax) return count(known, event)
      known.told += 1
      return this.#tell(event)
    }
    if (this.#sums.size < this.#subjectsMax) {
      this.#sums.set(key, { first: event, told: 1, more: 0, networks: new Set(networksOf(event)) })
      return this.#tell(event)
    }
    const rest = this.#sums.get(event.type) ?? restOf(event)
    this.#sums.set(event.type, rest)
    count(rest, event)
  }

  /** Tells what has been counted; what comes later is told one by one. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#endWindow()
  }

  #endWindow(): void {
    const sums = this.#sums
    this.#sums = new Map()
    for (const sum of sums.values()) if (sum.more > 0) this.#tell(this.#summary(sum))
  }

  #summary({ first, more, networks }: Sum<T>): SecurityEvent<T> {
    const { requestId: _, session: __, addressClass: ___, ...about } = first
    const [network] = networks
    const from =
      networks.size >= NETWORKS_MAX ? `${NETWORKS_MAX} networks or more` : `${networks.size} networks`
    return {
      ...about,
      ...(networks.size === 1 && network !== undefined && { addressClass: network }),
      effect: `${more} more within ${this.#windowMs / 1_000} s${networks.size > 1 ? `, from ${from}` : ''}`,
      count: more,
    }
  }
}

/** By account where there is one, otherwise by network; never by what a stranger makes up, such as the id of a session. */
function keyOf({ type, actor, reason, client, tenant, user, addressClass }: SecurityEvent): string {
  return JSON.stringify([type, actor, reason, client, tenant, user ?? [addressClass]])
}

/** Of those for which there is no place of their own. A key is never a type alone. */
function restOf<T extends string>({ type, outcome }: SecurityEvent<T>): Sum<T> {
  return { first: { type, actor: 'anonymous', outcome }, told: 0, more: 0, networks: new Set() }
}

function count(sum: Sum<string>, event: SecurityEvent): void {
  sum.more += 1
  for (const network of networksOf(event)) if (sum.networks.size < NETWORKS_MAX) sum.networks.add(network)
}

function networksOf({ addressClass }: SecurityEvent): string[] {
  return addressClass === undefined ? [] : [addressClass]
}
