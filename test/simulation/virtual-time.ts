/**
 * Time that passes only when something is due, and the processes it passes for.
 * Promise: one thing happens at a time, in an order that the seed alone decides, and everything that it sets off among
 * promises is over before the next one happens.
 */
import { Random } from './random.ts'

const nextMacrotask = setImmediate

export type Kind = 'timer' | 'message'

interface Event {
  at: number
  order: number
  readonly kind: Kind
  readonly process: VirtualProcess | undefined
  readonly run: () => void
  /** How much of its process's time had been lost to suspensions when it was scheduled. */
  frozenMs: number
  isCancelled: boolean
}

/** Something scheduled that may be called off. */
export interface Scheduled {
  cancel(): void
}

/** A process of its own machine: its clocks run at its own rate, and nothing happens in it while it stands still. */
export class VirtualProcess {
  readonly index: number
  readonly name: string
  /** How many of its milliseconds pass in one of the world's. */
  readonly rate: number
  wallOffsetMs: number
  state: 'running' | 'paused' | 'dead' = 'running'
  /** World milliseconds that its monotonic clock has not counted: the machine was suspended. */
  frozenMs = 0
  readonly waiting: Event[] = []

  constructor(index: number, name: string, { rate, wallOffsetMs }: { rate: number; wallOffsetMs: number }) {
    this.index = index
    this.name = name
    this.rate = rate
    this.wallOffsetMs = wallOffsetMs
  }

  get isAlive(): boolean {
    return this.state !== 'dead'
  }
}

/** Some day of the world's beginning, for wall clocks. */
const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z')

export class World {
  readonly random: Random
  nowMs = 0
  /** Whose code runs at the moment; undefined: nobody's, the world itself does something. */
  current: VirtualProcess | undefined
  /** Of everything that has happened, in order. */
  fingerprint = 0
  happened = 0
  /** Time in which nothing could happen. */
  leaptMs = 0
  readonly #heap: Event[] = []
  #order = 0
  #processes = 0
  /** What went wrong inside a process that nobody there caught. */
  onUncaught: (error: unknown, process: VirtualProcess | undefined) => void = (error) => {
    throw error
  }

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  process(name: string, clock: { rate: number; wallOffsetMs: number }): VirtualProcess {
    this.#processes += 1
    return new VirtualProcess(this.#processes, name, clock)
  }

  monotonicMs(process = this.current): number {
    if (process === undefined) return this.nowMs
    return (this.nowMs - process.frozenMs) * process.rate + process.index * 1_000
  }

  wallMs(process = this.current): number {
    if (process === undefined) return Math.floor(EPOCH_MS + this.nowMs)
    return Math.floor(EPOCH_MS + this.nowMs * process.rate + process.wallOffsetMs)
  }

  /** After so many milliseconds of the world. */
  after(
    ms: number,
    run: () => void,
    of: { process?: VirtualProcess | undefined; kind?: Kind } = {},
  ): Scheduled {
    return this.#schedule(this.nowMs + Math.max(0, ms), run, of)
  }

  /** After so many milliseconds of the clock of whoever's code runs. */
  timer(ms: number, run: () => void): Scheduled {
    const process = this.current
    const wait = Math.max(0, ms) / (process?.rate ?? 1)
    return this.#schedule(this.nowMs + wait, run, { process, kind: 'timer' })
  }

  /** Stops a process where it is. What is due waits. */
  pause(process: VirtualProcess): void {
    if (process.state === 'running') process.state = 'paused'
  }

  /** Continues it; `suspendedMs` of the time between are missing from its monotonic clock. */
  resume(process: VirtualProcess, suspendedMs = 0): void {
    if (process.state !== 'paused') return
    process.state = 'running'
    process.frozenMs += suspendedMs
    const waiting = process.waiting.splice(0)
    // Which of the two the loop of the process comes to first is chance.
    const late: Kind = this.random.chance(0.5) ? 'timer' : 'message'
    for (const event of waiting) {
      event.at = this.nowMs + (event.kind === late ? 0.01 : 0)
      this.#push(event)
    }
  }

  kill(process: VirtualProcess): void {
    process.state = 'dead'
    process.waiting.length = 0
  }

  /** Lets time pass. */
  async run(untilMs: number): Promise<void> {
    for (let event = this.#heap[0]; event !== undefined && event.at <= untilMs; event = this.#heap[0]) {
      this.#pop()
      if (this.#isDue(event)) await this.#happen(event)
    }
    this.nowMs = untilMs
  }

  /** Between two runs: time passes while everything stands still. What was due meanwhile happens late. */
  leap(ms: number): void {
    this.nowMs += ms
    this.leaptMs += ms
  }

  #isDue(event: Event): boolean {
    const { process } = event
    if (event.isCancelled || process?.state === 'dead') return false
    if (process?.state === 'paused') {
      process.waiting.push(event)
      return false
    }
    const lostMs = process === undefined || event.kind === 'message' ? 0 : process.frozenMs - event.frozenMs
    if (lostMs <= 0) return true
    event.frozenMs = process?.frozenMs ?? 0
    event.at = Math.max(event.at, this.nowMs) + lostMs
    this.#push(event)
    return false
  }

  async #happen(event: Event): Promise<void> {
    this.nowMs = Math.max(this.nowMs, event.at)
    this.happened += 1
    const mark = (event.process?.index ?? 0) * 2 + (event.kind === 'timer' ? 1 : 0)
    this.fingerprint = (Math.imul(this.fingerprint ^ Math.round(this.nowMs * 1_000), 0x01000193) + mark) | 0
    this.current = event.process
    try {
      event.run()
    } catch (error) {
      this.onUncaught(error, event.process)
    }
    await new Promise((resolve) => nextMacrotask(resolve))
    this.current = undefined
  }

  #schedule(
    at: number,
    run: () => void,
    of: { process?: VirtualProcess | undefined; kind?: Kind },
  ): Scheduled {
    this.#order += 1
    const { process, kind = 'message' } = of
    const event = {
      at,
      order: this.#order,
      kind,
      process,
      run,
      frozenMs: process?.frozenMs ?? 0,
      isCancelled: false,
    }
    this.#push(event)
    return { cancel: () => (event.isCancelled = true) }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Event
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1
      if (!isBefore(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
