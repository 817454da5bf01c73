/**
 * A JetStream stream as the log sets it up: the latest entry of each subject, ids that are known again, expectations.
 * Promise: what is acknowledged stays, until somebody puts an older store back.
 */
import { JetStreamApiCodes, JetStreamApiError, type PubAck, type StreamConfig } from '@nats-io/jetstream'

export interface Stored {
  readonly seq: number
  readonly subject: string
  readonly json: string
  readonly id: string
}

export interface Publication {
  readonly subject: string
  readonly json: string
  readonly id: string
  readonly lastSubjectSequence?: number | undefined
  readonly lastSequence?: number | undefined
}

export function apiError(err_code: number, description: string): JetStreamApiError {
  return new JetStreamApiError({ code: 400, err_code, description })
}

export class StoredStream {
  readonly config: StreamConfig
  /** Everything that was ever stored, superseded or not; the position of one in it is its sequence less one. */
  #all: Stored[] = []
  #latest = new Map<string, Stored>()
  #ids = new Map<string, number>()

  constructor(config: StreamConfig) {
    this.config = config
  }

  get lastSeq(): number {
    return this.#all.length
  }

  get size(): number {
    return this.#latest.size
  }

  append({ subject, json, id, lastSubjectSequence, lastSequence }: Publication): PubAck {
    const known = this.#ids.get(id)
    const stream = this.config.name
    if (known !== undefined) return { stream, seq: known, duplicate: true }
    const last = this.#latest.get(subject)?.seq ?? 0
    const isExpected = lastSubjectSequence === undefined || last === lastSubjectSequence
    if (!isExpected || (lastSequence !== undefined && this.lastSeq !== lastSequence))
      throw apiError(JetStreamApiCodes.StreamWrongLastSequence, `wrong last sequence: ${last}`)
    const stored = { seq: this.lastSeq + 1, subject, json, id }
    this.#all.push(stored)
    this.#latest.set(subject, stored)
    this.#ids.set(id, stored.seq)
    return { stream, seq: stored.seq, duplicate: false }
  }

  /** As a server sees it that has read no further than `asOf`. */
  latestOf(subject: string, asOf = this.lastSeq): Stored | undefined {
    const latest = this.#latest.get(subject)
    if (latest === undefined || latest.seq <= asOf) return latest
    return this.#all.findLast((stored) => stored.subject === subject && stored.seq <= asOf)
  }

  /** What is there from one sequence to another. */
  from(seq: number, to = this.lastSeq): Stored[] {
    return this.#all.slice(seq - 1, to).filter((stored) => this.#latest.get(stored.subject) === stored)
  }

  at(seq: number): Stored | undefined {
    return this.#all[seq - 1]
  }

  /** A server that starts learns ids from what it holds: those of superseded entries are forgotten. */
  restart(): void {
    this.#ids = new Map([...this.#latest.values()].map(({ id, seq }) => [id, seq]))
  }

  /** The store as it was when it ended there. @returns what is lost */
  rollBack(lastSeq: number): Stored[] {
    const lost = this.#all.slice(lastSeq)
    this.#all = this.#all.slice(0, lastSeq)
    this.#latest = new Map(this.#all.map((stored) => [stored.subject, stored]))
    this.restart()
    return lost
  }
}
