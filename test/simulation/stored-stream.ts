/**
 * A JetStream stream as the log sets it up: the latest entry of each subject, ids that are known again, expectations, and
 * entries that expire.
 * Promise: what is acknowledged stays until it expires or somebody puts an older store back.
 */
import { JetStreamApiCodes, JetStreamApiError, type PubAck, type StreamConfig } from '@nats-io/jetstream'

export interface Stored {
  readonly seq: number
  readonly subject: string
  readonly json: string
  readonly id: string
  /** On the broker's clock; Infinity for an entry that stays. */
  readonly expiresAtMs: number
}

export interface Publication {
  readonly subject: string
  readonly json: string
  readonly id: string
  readonly lastSubjectSequence?: number | undefined
  readonly lastSequence?: number | undefined
  readonly ttlMs?: number | undefined
}

export function apiError(err_code: number, description: string): JetStreamApiError {
  return new JetStreamApiError({ code: 400, err_code, description })
}

const TTL_DISABLED = 10_166

export interface ServerTraits {
  readonly nowMs: () => number
  /** It compares what a publication expects before it looks for its id, as 2.15 does; 2.9 looks for the id first. */
  readonly comparesFirst: boolean
}

export class StoredStream {
  readonly config: StreamConfig
  readonly #nowMs: () => number
  readonly #comparesFirst: boolean
  /** Everything that was ever stored, superseded or not; the position of one in it is its sequence less one. */
  #all: Stored[] = []
  #latest = new Map<string, Stored>()
  #ids = new Map<string, number>()

  constructor(config: StreamConfig, { nowMs, comparesFirst }: ServerTraits) {
    this.config = config
    this.#nowMs = nowMs
    this.#comparesFirst = comparesFirst
  }

  get lastSeq(): number {
    return this.#all.length
  }

  get size(): number {
    return this.#held.length
  }

  append({ subject, json, id, lastSubjectSequence, lastSequence, ttlMs }: Publication): PubAck {
    if (ttlMs !== undefined && this.config.allow_msg_ttl !== true)
      throw apiError(TTL_DISABLED, 'per-message TTL is disabled')
    const known = this.#ids.get(id)
    const stream = this.config.name
    const repeated = known === undefined ? undefined : { stream, seq: known, duplicate: true }
    if (repeated !== undefined && !this.#comparesFirst) return repeated
    const last = this.latestOf(subject)?.seq ?? 0
    const isExpected = lastSubjectSequence === undefined || last === lastSubjectSequence
    if (!isExpected || (lastSequence !== undefined && this.lastSeq !== lastSequence))
      throw apiError(JetStreamApiCodes.StreamWrongLastSequence, `wrong last sequence: ${last}`)
    if (repeated !== undefined) return repeated
    const expiresAtMs = ttlMs === undefined ? Infinity : this.#nowMs() + ttlMs
    const stored = { seq: this.lastSeq + 1, subject, json, id, expiresAtMs }
    this.#all.push(stored)
    this.#latest.set(subject, stored)
    this.#ids.set(id, stored.seq)
    return { stream, seq: stored.seq, duplicate: false }
  }

  /** As a server sees it that has read no further than `asOf`. */
  latestOf(subject: string, asOf = this.lastSeq): Stored | undefined {
    const latest = this.#latest.get(subject)
    if (latest === undefined || !this.#isHeld(latest)) return undefined
    if (latest.seq <= asOf) return latest
    return this.#all.findLast((stored) => stored.subject === subject && stored.seq <= asOf)
  }

  /** What is there from one sequence to another. */
  from(seq: number, to = this.lastSeq): Stored[] {
    return this.#all.slice(seq - 1, to).filter((stored) => this.#isHeld(stored))
  }

  at(seq: number): Stored | undefined {
    return this.#all[seq - 1]
  }

  /** A server that starts learns ids from what it holds: those of superseded entries are forgotten. */
  restart(): void {
    this.#ids = new Map(this.#held.map(({ id, seq }) => [id, seq]))
  }

  /** Nothing stands where this was. */
  lose({ subject }: Stored): void {
    this.#latest.delete(subject)
  }

  /** The store as it was when it ended there. @returns what is lost */
  rollBack(lastSeq: number): Stored[] {
    const lost = this.#all.slice(lastSeq)
    this.#all = this.#all.slice(0, lastSeq)
    this.#latest = new Map(this.#all.map((stored) => [stored.subject, stored]))
    this.restart()
    return lost
  }

  get #held(): Stored[] {
    return [...this.#latest.values()].filter((stored) => this.#isHeld(stored))
  }

  #isHeld(stored: Stored): boolean {
    return this.#latest.get(stored.subject) === stored && this.#nowMs() < stored.expiresAtMs
  }
}
