/**
 * ⑤ Publishes what is to follow a certain entry, and finds out afterwards what became of it when the server did not tell.
 * Promise: `stored` and `conflict` are certain; an entry that was stored and superseded at once counts as stored.
 */
import { parsePosition, type LogEntry, type Position } from '@curfew/contracts'

import type { Expected, Publication } from './ports.ts'

export type ExpectedLast = Expected & { readonly last: Position }

export interface SentEntriesOptions {
  readonly publish: (entry: LogEntry, expected: ExpectedLast) => Promise<Publication>
  readonly lastPositionOf: (entry: LogEntry) => Promise<Position>
  readonly catchUp: () => Promise<boolean>
}

export class SentEntries {
  readonly #options: SentEntriesOptions
  /** Those under way, and where this replica has met them in the log. */
  readonly #met = new Map<string, Position | undefined>()

  constructor(options: SentEntriesOptions) {
    this.#options = options
  }

  /** Of every entry, when it is applied. */
  note({ id }: LogEntry, position: Position): void {
    if (this.#met.has(id)) this.#met.set(id, position)
  }

  async publish(entry: LogEntry, expected: ExpectedLast): Promise<Publication> {
    this.#met.set(entry.id, undefined)
    try {
      const said = await this.#options.publish(entry, expected)
      return said.kind === 'unknown' ? await this.#settle(entry, expected) : said
    } finally {
      this.#met.delete(entry.id)
    }
  }

  /**
   * Once something else has followed what was expected, the entry cannot be stored any more; whether it was before, is in
   * the log up to a barrier that is published afterwards. The other order would miss one that arrives between the two. What was
   * to be the very next entry of the log, the barrier itself keeps out.
   */
  async #settle(entry: LogEntry, { last, end }: ExpectedLast): Promise<Publication> {
    const { lastPositionOf, catchUp } = this.#options
    try {
      const isOver = end !== undefined || isAfter(await lastPositionOf(entry), last)
      if (!(await catchUp())) return { kind: 'unknown' }
      const position = this.#met.get(entry.id)
      if (position !== undefined) return { kind: 'stored', position, duplicate: false }
      return isOver ? { kind: 'conflict' } : { kind: 'unknown' }
    } catch {
      return { kind: 'unknown' }
    }
  }
}

/** An earlier log has nothing to do with what this one holds of the entity. */
function isAfter(last: Position, expected: Position): boolean {
  const [at, before] = [parsePosition(last), parsePosition(expected)]
  return at !== undefined && at.seq > (before?.epoch === at.epoch ? before.seq : 0)
}
