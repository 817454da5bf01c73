/**
 * ① ④ Security events on their way to the audit trail.
 * Promise: no request waits for them; refusals are summed; what cannot be delivered after a few attempts is a log line and a
 * number.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { RECORD_EVENT, SUBJECTS, type GatewayEvent } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { EventSums, type Logger } from '@curfew/service-kit'
import type { NatsConnection } from '@nats-io/transport-node'
import { Counter, type Registry } from 'prom-client'

import type { SecurityEvents } from '../ports.ts'

export interface SecurityEventSender extends SecurityEvents {
  /** Waits, for a bounded time, until what is under way has been delivered. */
  close(): Promise<void>
}

export interface SecurityEventOptions {
  readonly nc: NatsConnection
  readonly registry: Registry
  readonly logger: Logger
  /** Waits before the second and each further attempt. */
  readonly pausesMs?: readonly number[]
}

const PAUSES_MS = [100, 500, 2_000]
const UNDER_WAY_MAX = 1_024
const CLOSE_WITHIN_MS = 1_500

export function createSecurityEvents(options: SecurityEventOptions): SecurityEventSender {
  const { nc, logger, registry, pausesMs = PAUSES_MS } = options
  const underWay = new Set<Promise<void>>()
  const closing = new AbortController()
  const lost = new Counter({
    name: 'curfew_gateway_security_events_lost_total',
    help: 'Security events that did not reach the audit trail',
    registers: [registry],
  })

  function lose(event: GatewayEvent, err: unknown): void {
    lost.inc(event.count ?? 1)
    const { type, outcome, session, requestId } = event
    logger.error({ event: 'audit.event.lost', type, outcome, sessionId: session, requestId, err })
  }

  async function deliver(event: GatewayEvent): Promise<void> {
    for (const pauseMs of [...pausesMs, undefined])
      try {
        await ask(nc, RECORD_EVENT, SUBJECTS.recordEvent, event)
        return
      } catch (error) {
        if (pauseMs === undefined || closing.signal.aborted) return lose(event, error)
        await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined)
      }
  }

  function send(event: GatewayEvent): void {
    if (underWay.size >= UNDER_WAY_MAX) return lose(event, new Error('too many are under way'))
    const delivery = deliver(event).finally(() => underWay.delete(delivery))
    underWay.add(delivery)
  }

  const sums = new EventSums({ tell: send })

  return {
    record(event) {
      if (event.outcome === 'refused') sums.note(event)
      else send(event)
    },
    async close() {
      sums.close()
      closing.abort()
      await Promise.race([Promise.all(underWay), delay(CLOSE_WITHIN_MS)])
    },
  }
}
