/**
 * Chance that can be had again: `FAULTS_SEED` repeats the choices and the times of a run, as far as processes allow.
 */
import { randomInt } from 'node:crypto'

export interface Chance {
  /** From zero, below one. */
  next(): number
  between(least: number, most: number): number
  pick<T>(items: readonly T[]): T
  isLikely(probability: number): boolean
}

/** Mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    pick: <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T,
    isLikely: (probability) => next() < probability,
  }
}

/** Printed, so that a run can be repeated. */
export function seedOfRun(): number {
  const given = process.env['FAULTS_SEED']
  const seed = given === undefined || given === '' ? randomInt(2 ** 31) : Number(given)
  if (!Number.isSafeInteger(seed)) throw new Error(`FAULTS_SEED is "${given}", which is no integer`)
  return seed
}
