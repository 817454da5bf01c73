/**
 * ① Notices who tries tokens. Credentials that no honest client can hold are counted by address; beyond the limit whatever
 * is refused to that address is answered 429. A token that is good stays good there: behind one address there may be others.
 * Promise: neither the number of guesses nor that of addresses costs more than a bounded amount of memory and questions.
 */
import type { RefusedReason } from '@curfew/verifier'

import type { Throttle, UsedUp } from '../ports.ts'

export interface TokenGuessing {
  /** One more guess from there. */
  note(address: string): void
  /** The limit that the address has used up, as far as is known here. */
  usedUp(address: string, nowMs: number): UsedUp | undefined
}

export interface TokenGuessingOptions {
  readonly throttle: Throttle
  readonly perAddressAndMinute: number
  readonly nowMs: () => number
  /** Once for each address and window. */
  readonly onGuessing: (address: string) => void
  /** Counting has failed: the address is not blocked on a guess. */
  readonly onFailure: (error: unknown) => void
}

/** What only somebody presents who was never given a token, or changed one; sessions that are over are everybody's. */
export function isGuess(reason: RefusedReason): boolean {
  return reason === 'malformed' || reason === 'mismatch' || reason === 'unknown'
}

/** Beyond this the longest known go first; they come back with their next guess. */
const ADDRESSES_MAX = 10_000
const COST_MAX = 100_000

export function createTokenGuessing(options: TokenGuessingOptions): TokenGuessing {
  const { throttle, nowMs, onGuessing, onFailure } = options
  const policy = { name: 'token-guesses', quota: options.perAddressAndMinute, windowSeconds: 60 }
  const untilMs = new Map<string, number>()
  /** Guesses that came while an earlier question about the address was under way. */
  const waiting = new Map<string, number>()

  async function count(address: string): Promise<void> {
    for (let cost = 1; cost > 0; cost = waiting.get(address) ?? 0) {
      waiting.set(address, 0)
      const [taken] = await throttle.take([
        { policy, key: ['guess', address], cost: Math.min(cost, COST_MAX) },
      ])
      if (taken !== undefined && !taken.allowed) return block(address, nowMs() + taken.resetMs)
    }
  }

  function block(address: string, until: number): void {
    const isNew = !untilMs.has(address)
    // Set anew, so that the order is that of the last time.
    untilMs.delete(address)
    untilMs.set(address, until)
    const [oldest] = untilMs.keys()
    if (untilMs.size > ADDRESSES_MAX && oldest !== undefined) untilMs.delete(oldest)
    if (isNew) onGuessing(address)
  }

  function usedUp(address: string, now: number): UsedUp | undefined {
    const until = untilMs.get(address)
    if (until === undefined) return undefined
    if (until > now) return { policy, resetMs: until - now }
    untilMs.delete(address)
    return undefined
  }

  return {
    usedUp,
    note(address) {
      if (usedUp(address, nowMs()) !== undefined) return
      const before = waiting.get(address)
      if (before !== undefined) return void waiting.set(address, before + 1)
      if (waiting.size >= ADDRESSES_MAX) return
      count(address)
        .catch(onFailure)
        .finally(() => waiting.delete(address))
    },
  }
}
