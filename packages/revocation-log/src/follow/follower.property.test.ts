/**
 * ⑤ The follower against a log that compacts while it is read and a feed that loses, repeats, delays and reorders.
 * Promise: in every interleaving the facts come in order, none is skipped, and `applied` claims only what is in effect.
 */
import { formatPosition, sequenceOf, subjectOfEntry, type LogEntry, type MemberId } from '@curfew/contracts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Follower } from './follower.ts'

interface Message {
  readonly seq: number
  readonly json: string
}

/** The stream as the server keeps it: the latest entry of each subject. */
class CompactingLog {
  seq = 0
  readonly facts: { seq: number; subject: string }[] = []
  readonly #stored = new Map<string, Message>()
  /** On the way to the follower. */
  feed: Message[] = []

  append(entry: LogEntry): number {
    this.seq += 1
    const subject = subjectOfEntry(1, entry)
    const message = { seq: this.seq, json: JSON.stringify(entry) }
    this.#stored.set(subject, message)
    if (entry.type !== 'barrier') this.facts.push({ seq: this.seq, subject })
    this.feed.push(message)
    return this.seq
  }

  firstFrom(seq: number): Message | undefined {
    let first: Message | undefined
    for (const message of this.#stored.values())
      if (message.seq >= seq && message.seq < (first?.seq ?? Infinity)) first = message
    return first
  }
}

type Work =
  | { kind: 'barrier'; run: number; from: number; sent?: { seq: number; id: string; floor: number } }
  | { kind: 'reading'; run: number; from: number }
  | { kind: 'settling'; run: number; sent?: { seq: number; id: string; floor: number } }

type Action =
  | { kind: 'publish'; entity: number }
  | { kind: 'deliver' | 'drop' | 'repeat'; index: number }
  | { kind: 'work' | 'disconnect' | 'reconnect' | 'refuse' | 'lose-answer' }
  | { kind: 'elapse'; ms: number }

const REPLICA = 'r' as MemberId
const common = { v: 1, at: '', actor: 'system' } as const

class World {
  readonly log = new CompactingLog()
  readonly follower: Follower
  readonly handed: number[] = []
  readonly newest = new Map<string, number>()
  readonly doubts: string[] = []
  #ids = 0
  #nowMs = 0
  #work: Work | undefined
  #refuses = false

  constructor(startAfter: number, bufferEntries: number) {
    for (let n = 0; n < startAfter; n += 1) this.publish(n % 3)
    for (const { seq, subject } of this.log.facts) this.newest.set(subject, seq)
    this.log.feed = []
    this.follower = new Follower({
      epoch: 1,
      startAfter,
      bufferLimits: { entries: bufferEntries, characters: 1e6 },
      onDoubt: ({ kind }) => this.doubts.push(kind),
      onEntry: (entry, position) => {
        if (this.#refuses) {
          this.#refuses = false
          throw new Error('not now')
        }
        this.handed.push(sequenceOf(position))
        this.newest.set(subjectOfEntry(1, entry), sequenceOf(position))
      },
    })
  }

  publish(entity: number): void {
    const id = `fact-${(this.#ids += 1)}`
    this.log.append({
      ...common,
      type: 'role-changed',
      id,
      tenant: 't',
      role: `r${entity}`,
      permissions: [],
    } as never)
  }

  act(action: Action): void {
    const { log, follower } = this
    switch (action.kind) {
      case 'publish':
        return this.publish(action.entity)
      case 'deliver':
      case 'drop':
      case 'repeat': {
        const index = action.index % Math.max(1, log.feed.length)
        const [message] = action.kind === 'repeat' ? [log.feed[index]] : log.feed.splice(index, 1)
        if (message !== undefined && action.kind !== 'drop')
          follower.feed(message.seq, message.json, this.#nowMs)
        return
      }
      case 'work':
        return this.#doWork()
      case 'disconnect':
        log.feed = []
        return follower.disconnected()
      case 'reconnect':
        return follower.reconnected(this.#nowMs)
      case 'refuse':
        this.#refuses = true
        return
      case 'lose-answer':
        if (this.#work !== undefined) follower.failed(this.#work.run, this.#nowMs)
        this.#work = undefined
        return
      case 'elapse':
        this.#nowMs += action.ms
    }
  }

  #doWork(): void {
    const { follower } = this
    if (this.#work?.run !== follower.run) this.#work = undefined
    const work = this.#work
    if (work === undefined) {
      const step = follower.next(this.#nowMs)
      if (step.kind === 'catch-up') this.#work = { kind: 'barrier', run: step.run, from: step.from }
      if (step.kind === 'probe') this.#acknowledge(this.#sendBarrier())
      return
    }
    if (work.kind === 'reading') {
      const message = this.log.firstFrom(work.from)
      if (message === undefined) return
      work.from = message.seq + 1
      const verdict = follower.read(work.run, message, this.#nowMs)
      if (verdict === 'enough') this.#work = { kind: 'settling', run: work.run }
      if (verdict === 'stop') this.#work = undefined
    } else if (work.sent === undefined) work.sent = this.#sendBarrier()
    else {
      this.#acknowledge(work.sent)
      if (work.kind === 'settling') follower.settleAt(work.run, work.sent.seq)
      else follower.readUpTo(work.run, work.sent.seq)
      this.#work = work.kind === 'settling' ? undefined : { kind: 'reading', run: work.run, from: work.from }
    }
  }

  #sendBarrier(): { seq: number; id: string; floor: number } {
    const id = `barrier-${(this.#ids += 1)}`
    const floor = this.follower.seen
    return { id, floor, seq: this.log.append({ ...common, type: 'barrier', id, replica: REPLICA }) }
  }

  #acknowledge({ seq, id, floor }: { seq: number; id: string; floor: number }): void {
    this.follower.acknowledged({ seq, id, floor, duplicate: false }, this.#nowMs)
  }

  /** Which promises are broken now. */
  violations(): string[] {
    const applied = sequenceOf(this.follower.applied)
    return [
      ...this.handed.filter((seq, n) => seq <= (this.handed[n - 1] ?? 0)).map((seq) => `${seq} out of order`),
      ...this.log.facts
        .filter(({ seq, subject }) => seq <= applied && (this.newest.get(subject) ?? 0) < seq)
        .map(({ seq }) => `${applied} claimed without the fact at ${seq}`),
      ...this.doubts.filter((kind) => kind !== 'refused'),
    ]
  }

  /** From here on nothing more goes wrong. */
  recover(): void {
    this.act({ kind: 'reconnect' })
    for (
      let round = 0;
      round < 10_000 && !(this.follower.healthy && this.log.feed.length === 0);
      round += 1
    ) {
      this.act({ kind: 'deliver', index: 0 })
      this.act({ kind: 'work' })
      this.act({ kind: 'elapse', ms: 20 })
    }
  }
}

const index = fc.nat({ max: 30 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('publish' as const), entity: fc.nat({ max: 4 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('deliver' as const), index: fc.constantFrom(0, 0, 0, 1, 2) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('drop' as const, 'repeat' as const), index }) },
  { weight: 16, arbitrary: fc.record({ kind: fc.constant('work' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('elapse' as const), ms: fc.constantFrom(10, 150, 400, 2_500) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('disconnect', 'reconnect', 'refuse', 'lose-answer'),
    }) as fc.Arbitrary<Action>,
  },
)

describe('Follower under every interleaving', () => {
  it('hands out facts in order, skips none and never claims one that is not in effect', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 6 }),
        fc.constantFrom(1, 3, 1_000),
        fc.array(action, { maxLength: 250, size: 'max' }),
        (startAfter, bufferEntries, actions) => {
          const world = new World(startAfter, bufferEntries)
          for (const next of actions) {
            world.act(next)
            expect(world.violations()).toEqual([])
          }
          world.recover()
          expect(world.violations()).toEqual([])
          expect([world.follower.healthy, world.follower.applied]).toEqual([
            true,
            formatPosition(1, world.log.seq),
          ])
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
