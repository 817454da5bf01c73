/**
 * Time as an observer who shares the machine with the observed can hold it against them.
 * Promise: advances only while the observer itself gets to run, so that a starved machine is not taken for a slow system.
 */
import { TICK_MS, type Entry } from './history.ts'

export class ControlClock {
  readonly #ticks: readonly number[]
  /** Up to and including each tick. */
  readonly #starvedMs: readonly number[]

  constructor(entries: readonly Entry[]) {
    const ticks = entries.filter((entry) => entry.kind === 'tick')
    let sumMs = 0
    this.#ticks = ticks.map(({ atMs }) => atMs)
    this.#starvedMs = ticks.map(({ starvedMs }) => (sumMs += starvedMs))
  }

  /** Never more than what has passed on the monotonic clock, but for one tick. */
  elapsedMs(fromMs: number, toMs: number): number {
    return Math.max(0, this.#countUpTo(toMs) - this.#countUpTo(fromMs)) * TICK_MS
  }

  /** What the machine has kept from the system in this time, one process waiting after the other. */
  starvedMs(fromMs: number, toMs: number): number {
    const upTo = (atMs: number): number => this.#starvedMs[this.#countUpTo(atMs) - 1] ?? 0
    return upTo(toMs) - upTo(fromMs)
  }

  #countUpTo(atMs: number): number {
    let [low, high] = [0, this.#ticks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ticks[middle] as number) <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }
}
