/**
 * ① Checks passwords with argon2id, few at a time.
 * Promise: a flood of logins costs bounded memory and threads, and whoever does not fit is told so at once.
 */
import { availableParallelism } from 'node:os'

import { verify } from 'argon2'

import type { Passwords } from '../ports.ts'

export interface PasswordLimits {
  readonly atOnce: number
  readonly waitingMax: number
}

/** Threads of libuv's pool, less one for looking up names and reading files. */
const THREADS_MAX = 3
/** At some tens of milliseconds each, the last in the queue waits about a second. */
const WAITING_PER_THREAD = 16

export function standardPasswordLimits(): PasswordLimits {
  const atOnce = Math.min(THREADS_MAX, availableParallelism())
  return { atOnce, waitingMax: atOnce * WAITING_PER_THREAD }
}

export function createArgon2Passwords({ atOnce, waitingMax }: PasswordLimits): Passwords {
  const waiting: (() => void)[] = []
  let running = 0

  const isFull = (): boolean => waiting.length >= waitingMax

  async function turn(): Promise<void> {
    if (running < atOnce) running += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }

  /** The place is handed on, so that nobody slips in between. */
  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return {
    get isFull() {
      return isFull()
    },
    async check(passwordHash, password) {
      if (running >= atOnce && isFull()) return 'busy'
      await turn()
      try {
        return (await verify(passwordHash, password)) ? 'right' : 'wrong'
      } finally {
        leave()
      }
    },
  }
}
