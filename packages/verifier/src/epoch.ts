/**
 * ② Knows which log is in force, and whether a replica answers at all.
 * Promise: it never gives up: a verifier that starts before the authority becomes ready when the authority does.
 */
import { HELLO, SUBJECTS } from '@curfew/contracts'
import { RequestFailed, ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import type { VerifierLogger } from './verdict.ts'

const HELLO_TIMEOUT_MS = 1_000
const RETRY_FIRST_MS = 50
const RETRY_MOST_MS = 2_000

export interface EpochSource {
  /** The last one heard of; undefined before the first answer. */
  readonly current: number | undefined
  /** True while the latest question to a replica was answered. */
  readonly answered: boolean
  /** Asks until a replica answers; at most one such round runs at a time. Resolves after its first try. */
  learn(): Promise<void>
  close(): void
}

export function createEpochSource(nc: NatsConnection, logger: VerifierLogger): EpochSource {
  let current: number | undefined
  let answered = false
  let closed = false
  let learning = false
  let timer: NodeJS.Timeout | undefined

  async function learn(): Promise<void> {
    answered = false
    if (learning || closed) return
    learning = true
    await attempt(RETRY_FIRST_MS)
  }

  async function attempt(retryMs: number): Promise<void> {
    try {
      const { epoch } = await ask(nc, HELLO, SUBJECTS.hello, {}, { timeoutMs: HELLO_TIMEOUT_MS })
      if (closed) return
      learning = false
      answered = true
      logger.info({ event: 'verifier.ready', epoch, previousEpoch: current })
      current = epoch
    } catch (error) {
      if (closed) return
      if (retryMs === RETRY_FIRST_MS) logger.warn({ event: 'verifier.hello.failed', code: codeOf(error) })
      const jitter = 0.75 + Math.random() / 2
      timer = setTimeout(() => void attempt(Math.min(retryMs * 2, RETRY_MOST_MS)), retryMs * jitter)
    }
  }

  return {
    get current() {
      return current
    },
    get answered() {
      return answered
    },
    learn,
    close() {
      closed = true
      answered = false
      clearTimeout(timer)
    },
  }
}

export function codeOf(error: unknown): string {
  return error instanceof RequestFailed ? error.code : 'unexpected'
}
