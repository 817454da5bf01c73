/** ② Brings a population into a verifier's memory, through its checks and a real session service. */
import { setTimeout as pause } from 'node:timers/promises'

import type { Verifier, VerifierLogger } from '@curfew/verifier'

/** As many as can share a request. */
const AT_ONCE_MAX = 256
const PATIENCE_MS = 20_000

export const silent: VerifierLogger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Of the population. */
export interface Range {
  readonly from: number
  readonly sessions: number
  readonly atOnce?: number
}

/**
 * One request after the other. @returns milliseconds that the slowest check took.
 * @throws when one of the sessions is not admitted, or is not remembered
 */
export async function fill(
  verifier: Verifier,
  { from, sessions, atOnce = AT_ONCE_MAX }: Range,
  tokenOf: (index: number) => string,
): Promise<number> {
  let slowestMs = 0
  const check = async (token: string): Promise<void> => {
    const beganMs = performance.now()
    await untilAdmitted(verifier, token)
    slowestMs = Math.max(slowestMs, performance.now() - beganMs)
  }
  for (let done = 0; done < sessions; done += atOnce) {
    const count = Math.min(atOnce, sessions - done)
    await Promise.all(Array.from({ length: count }, (_, nth) => check(tokenOf(from + done + nth))))
  }
  if (sessions > 0) await untilRemembered(verifier, tokenOf(from))
  return slowestMs
}

/** Waits for the lease, which a machine that others keep busy may have lost. @throws when the session is refused */
async function untilRemembered(verifier: Verifier, token: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS
  while (verifier.check(token) instanceof Promise) {
    if (performance.now() > deadlineMs) throw new Error('a session that was admitted is not remembered')
    await pause(5)
  }
}

async function untilAdmitted(verifier: Verifier, token: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS
  for (;;) {
    const verdict = await verifier.check(token)
    if (verdict.kind === 'admitted') return
    if (verdict.kind === 'refused' || performance.now() > deadlineMs)
      throw new Error(`a session was not admitted but ${JSON.stringify(verdict)}`)
    await pause(5)
  }
}
