/**
 * ① Does the request come from the session's own page?
 * Promise: a cookie counts on an unsafe request only beside a declared origin of ours and the session's anti-forgery value.
 */
import {
  csrfBindingOf,
  type CsrfTokens,
  foreignSign,
  isUndeclared,
  type Provenance,
} from '@curfew/browser-boundary'
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import type { Credential } from '../domain/credential.ts'
import { ANONYMOUS, type Reports } from './reports.ts'

/** What is asked for, where it is not the request itself: a proxy may ask on behalf of another one. */
export interface Asked {
  readonly method: string
  readonly host: string | undefined
}

export interface ForgeryGuard {
  /** For what a cookie must not do from a foreign page, and cannot prove with a value either: a WebSocket. */
  originFault(request: FastifyRequest, host: string | undefined): Problem | undefined
  foreignFault(request: FastifyRequest, host: string | undefined): Problem | undefined
  csrfFault(request: FastifyRequest, asked?: Asked): Problem | undefined
}

export interface ForgeryGuardOptions {
  readonly credential: (request: FastifyRequest) => Credential
  readonly csrf: CsrfTokens
  readonly trustedOrigins: ReadonlySet<string>
  readonly reports: Reports
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

export function isSafe(method: string): boolean {
  return SAFE_METHODS.has(method)
}

export function createForgeryGuard(options: ForgeryGuardOptions): ForgeryGuard {
  const { credential, csrf, trustedOrigins, reports } = options

  function foreignFault(request: FastifyRequest, host: string | undefined): Problem | undefined {
    const sign = foreignSign({ ...provenanceOf(request), host, trustedOrigins })
    return sign === undefined ? undefined : refusal(request, sign, 'the request comes from another site')
  }

  function csrfFault(
    request: FastifyRequest,
    { method, host }: Asked = { method: request.method, host: request.host },
  ): Problem | undefined {
    const found = credential(request)
    if (found.kind !== 'cookie' || isSafe(method)) return undefined
    return originFault(request, host) ?? valueFault(request, found.token)
  }

  function originFault(request: FastifyRequest, host: string | undefined): Problem | undefined {
    if (credential(request).kind !== 'cookie') return undefined
    if (isUndeclared({ ...provenanceOf(request), host }))
      return refusal(request, 'undeclared', 'the request does not say where it comes from')
    return foreignFault(request, host)
  }

  function valueFault(request: FastifyRequest, token: string): Problem | undefined {
    const presented = request.headers['x-csrf-token']
    const binding = csrfBindingOf(token)
    if (typeof presented === 'string' && binding !== undefined && csrf.accepts(presented, binding))
      return undefined
    const reason = presented === undefined ? 'missing' : 'wrong'
    return refusal(request, reason, 'X-CSRF-Token is missing or wrong')
  }

  function refusal(request: FastifyRequest, reason: string, detail: string): Problem {
    request.log.warn({ event: 'request.csrf.refused', reason })
    reports.audit(request, { type: 'csrf.refused', actor: ANONYMOUS, outcome: 'refused', reason })
    return new Problem('csrf-rejected', detail)
  }

  return { originFault, foreignFault, csrfFault }
}

function provenanceOf(request: FastifyRequest): Omit<Provenance, 'host'> {
  const { origin, referer, 'sec-fetch-site': site } = request.headers
  return { origin, referer, secFetchSite: site?.toString() }
}
