/**
 * ① Checks and hashes passwords with argon2id, few at a time and in a fair order.
 * Promise: a flood of logins costs bounded memory and threads, work that does not fit is refused at once, and how much one address
 * sends keeps no other waiting.
 */
import { availableParallelism } from 'node:os'

import { argon2id, hash, verify } from 'argon2'

import { ARGON2_PARAMETERS } from '../domain/decoy-hash.ts'
import { createFairQueue, type QueueLimits } from '../domain/fair-queue.ts'
import { normalisePassword } from '../domain/password-rules.ts'
import type { Passwords } from '../ports.ts'

/** Threads of libuv's pool, less one for looking up names and reading files. */
const THREADS_MAX = 3
/** At some tens of milliseconds each, the last in the queue waits a few seconds. Many addresses at once need the room. */
const WAITING_PER_THREAD = 64

export function standardPasswordLimits(): QueueLimits {
  const atOnce = Math.min(THREADS_MAX, availableParallelism())
  return { atOnce, waitingMax: atOnce * WAITING_PER_THREAD }
}

export function createArgon2Passwords(limits: QueueLimits): Passwords {
  const queue = createFairQueue(limits)
  return {
    hasRoomFor: (place) => queue.hasRoomFor(place),
    async check(passwordHash, password, place) {
      const isRight = await queue.run(place, () => verify(passwordHash, normalisePassword(password)))
      if (isRight === undefined) return 'busy'
      return isRight ? 'right' : 'wrong'
    },
    hash: (password, place) =>
      queue.run(place, () => hash(normalisePassword(password), { type: argon2id, ...ARGON2_PARAMETERS })),
  }
}
