/**
 * ① What the gateway tells of security: for the operators' log and numbers, and for the audit trail, in one call.
 * Promise: no token, password or name that somebody merely claims gets into any of them.
 */
import type { GatewayEvent } from '@curfew/contracts'
import { addressClass as classOf, Problem, rateLimitFields } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'
import { Counter, type Registry } from 'prom-client'

import type { SecurityEvents, UsedUp } from '../ports.ts'
import { callerOf } from './caller.ts'

export type Happening = Omit<GatewayEvent, 'requestId' | 'addressClass'>

export interface Reports {
  /** Into the audit trail, with where it came from. */
  audit(request: FastifyRequest, happening: Happening): void
  /** What to answer to somebody who has used up a limit. */
  throttled(request: FastifyRequest, usedUp: UsedUp, who?: Partial<Happening>): Problem
  /** A proxy that the settings do not name speaks for others, whose attempts all count as its own. Told once a minute. */
  untrustedProxy(request: FastifyRequest): void
  /** Somebody tries tokens; told once for each address and window. */
  tokenGuessing(addressKey: string): void
}

export interface ReportsOptions {
  readonly events: SecurityEvents
  readonly registry: Registry
  readonly warn: (fields: object) => void
  readonly nowMs: () => number
}

const TOLD_FOR_MS = 60_000
const TOLD_MAX = 10_000

export const ANONYMOUS = 'anonymous'

export function createReports({ events, registry, warn, nowMs }: ReportsOptions): Reports {
  const registers = [registry]
  const throttled = new Counter({
    name: 'curfew_gateway_rate_limited_total',
    help: 'Requests answered 429, by the limit that was used up',
    labelNames: ['policy'],
    registers,
  })
  const guessing = new Counter({
    name: 'curfew_gateway_token_guessing_total',
    help: 'Times that an address was found trying tokens',
    registers,
  })

  const toldUntilMs = new Map<string, number>()

  function isTold(address: string): boolean {
    const now = nowMs()
    if ((toldUntilMs.get(address) ?? 0) > now) return true
    if (toldUntilMs.size >= TOLD_MAX) toldUntilMs.clear()
    toldUntilMs.set(address, now + TOLD_FOR_MS)
    return false
  }

  function audit(request: FastifyRequest, happening: Happening): void {
    const { addressClass } = callerOf(request)
    events.record({
      ...happening,
      requestId: request.id,
      ...(addressClass !== undefined && { addressClass }),
    })
  }

  return {
    audit,
    throttled(request, usedUp, who = {}) {
      const { name: policy } = usedUp.policy
      throttled.inc({ policy })
      request.log.warn({ event: 'request.throttled', policy, retryAfterMs: usedUp.resetMs })
      const what = { type: 'rate.limited', actor: ANONYMOUS, outcome: 'refused', reason: policy } as const
      // Guessing is told by itself.
      if (policy !== 'token-guesses') audit(request, { ...what, ...who })
      const { quota: limit, windowSeconds } = usedUp.policy
      const headers = rateLimitFields(
        { name: policy, limit, windowSeconds },
        { remaining: 0, resetMs: usedUp.resetMs },
      )
      return new Problem('too-many-requests', undefined, { headers })
    },
    untrustedProxy(request) {
      const { address, addressClass } = callerOf(request)
      if (!isTold(address))
        request.log.warn({ event: 'proxy.untrusted', setting: 'GATEWAY_TRUSTED_PROXIES', addressClass })
    },
    tokenGuessing(addressKey) {
      const addressClass = classOf(addressKey.split('/', 1)[0] ?? '')
      guessing.inc()
      warn({ event: 'token.guessing', addressClass })
      events.record({
        type: 'token.guessing',
        actor: ANONYMOUS,
        outcome: 'refused',
        ...(addressClass !== undefined && { addressClass }),
      })
    },
  }
}
