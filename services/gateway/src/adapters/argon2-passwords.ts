/**
 * ① Checks and hashes passwords with argon2id, few at a time.
 * Promise: a flood of logins costs bounded memory and threads, and whoever does not fit is told so at once.
 */
import { availableParallelism } from 'node:os'

import { argon2id, hash, verify } from 'argon2'

import { ARGON2_PARAMETERS } from '../domain/decoy-hash.ts'
import { normalisePassword } from '../domain/password-rules.ts'
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

  /** Undefined where it does not fit. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (running >= atOnce && isFull()) return undefined
    await turn()
    try {
      return await work()
    } finally {
      leave()
    }
  }

  return {
    get isFull() {
      return isFull()
    },
    async check(passwordHash, password) {
      const isRight = await inTurn(() => verify(passwordHash, normalisePassword(password)))
      if (isRight === undefined) return 'busy'
      return isRight ? 'right' : 'wrong'
    },
    hash: (password) =>
      inTurn(() => hash(normalisePassword(password), { type: argon2id, ...ARGON2_PARAMETERS })),
  }
}
