/** How well the network does. */
import type { Random } from './random.ts'

/** What may happen to messages at the moment, as probabilities. */
export interface Weather {
  loss: number
  feedLoss: number
  feedRepeat: number
  feedOvertaking: number
  /** The answer to something that was stored gets lost. */
  ackLoss: number
  /** It takes long to be told that something was stored. */
  ackLate: number
  staleReads: number
  /** Milliseconds on the way, at most; most take far less. */
  delayMs: number
}

export const CALM: Weather = {
  loss: 0,
  feedLoss: 0,
  feedRepeat: 0,
  feedOvertaking: 0.05,
  ackLoss: 0,
  ackLate: 0,
  staleReads: 0,
  delayMs: 3,
}

/** @param worst between 0 and 1 */
export function someWeather(random: Random, worst: number): Weather {
  const upTo = (most: number): number => random.skewed(0, most * worst)
  return {
    loss: upTo(0.1),
    feedLoss: upTo(0.1),
    feedRepeat: upTo(0.2),
    feedOvertaking: 0.05 + upTo(0.4),
    ackLoss: upTo(0.2),
    ackLate: random.pick([0, 0, 0.1, 0.5]) * worst,
    staleReads: upTo(0.5),
    delayMs: random.pick([3, 10, 60]),
  }
}
