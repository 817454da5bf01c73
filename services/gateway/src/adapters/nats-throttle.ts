/**
 * ① ④ Counters that all replicas share: asks the session service, which keeps them in Redis.
 * Promise: what is counted leaves this process as a keyed hash; addresses and names cannot be found by trying them all.
 */
import { createHmac } from 'node:crypto'

import { SUBJECTS, TAKE_QUOTA } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import type { Throttle } from '../ports.ts'

const TIMEOUT_MS = 2_000

export function createNatsThrottle(nc: NatsConnection, pseudonymKey: Buffer): Throttle {
  const pseudonymOf = (parts: readonly string[]): string =>
    createHmac('sha256', pseudonymKey).update(JSON.stringify(parts)).digest('base64url')

  return {
    async take(takes) {
      const question = {
        takes: takes.map(({ policy: { name, quota, windowSeconds }, key, cost }) => ({
          policy: name,
          quota,
          windowSeconds,
          key: pseudonymOf(key),
          cost,
        })),
      }
      return (await ask(nc, TAKE_QUOTA, SUBJECTS.takeQuota, question, { timeoutMs: TIMEOUT_MS })).taken
    },
  }
}
