/**
 * ④ ⑤ The last entries that this replica has applied, for those who look on.
 * Promise: in order and bounded; where entries were passed over, because later ones had superseded them, the feed says so.
 */
import {
  ORIGIN,
  formatPosition,
  parsePosition,
  sequenceOf,
  type LogEntry,
  type Position,
} from '@curfew/contracts'

export type FeedItem =
  | { readonly kind: 'entry'; readonly position: Position; readonly entry: LogEntry }
  /** Of what lies between, `until` included, some is not held any more. */
  | { readonly kind: 'gap'; readonly position: Position; readonly after: Position; readonly until: Position }

const CAPACITY = 2_000

export class EntryFeed {
  readonly #capacity: number
  #items: FeedItem[] = []
  #from: Position = ORIGIN
  #latest: Position = ORIGIN
  #next = Promise.withResolvers<void>()

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity
  }

  /** Everything after this position is held. */
  get from(): Position {
    return this.#from
  }

  get latest(): Position {
    return this.#latest
  }

  /** Told of every entry when it has taken effect here, also of those that are told again. */
  note(entry: LogEntry, position: Position): void {
    if (position <= this.#latest) return
    if (this.#latest === ORIGIN) this.#from = before(position)
    else if (before(position) !== this.#latest)
      this.#keep({
        kind: 'gap',
        position: before(position),
        after: this.#latest,
        until: before(position),
      })
    // Barriers come every moment and say nothing that anybody could want to see.
    if (entry.type !== 'barrier') this.#keep({ kind: 'entry', position, entry })
    this.#latest = position
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }

  /** What is held after the position; begins with a gap where something is not held any more. */
  after(position: Position): readonly FeedItem[] {
    const held = this.#items.slice(this.#items.findLastIndex((item) => item.position <= position) + 1)
    if (position >= this.#from) return held
    return [{ kind: 'gap', position, after: position, until: this.#from }, ...held]
  }

  /** Resolves when an entry has been noted that was not there before. */
  get changed(): Promise<void> {
    return this.#next.promise
  }

  #keep(item: FeedItem): void {
    this.#items.push(item)
    if (this.#items.length <= this.#capacity) return
    // By half, so that this is rare.
    const gone = this.#items.splice(0, this.#items.length - Math.floor(this.#capacity / 2))
    this.#from = gone.at(-1)?.position ?? this.#from
  }
}

function before(position: Position): Position {
  const epoch = parsePosition(position)?.epoch ?? 0
  return formatPosition(epoch, sequenceOf(position) - 1)
}
