/**
 * Does a call come from the console's own page, and on behalf of which session?
 * Promise: a cookie alone, whoever made the browser send it, reads nothing and changes nothing.
 */
import {
  cookieValues,
  deletedCookie,
  foreignSign,
  isUndeclared,
  lastingCookie,
  sessionCookie,
} from '@curfew/browser-boundary'
import { Problem } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { isCsrfValue } from '../domain/page-csrf.ts'

type Done = (error?: Error) => void
type Hook = (request: FastifyRequest, reply: FastifyReply, done: Done) => void

export interface OwnPage {
  /** For calls without a session: the page itself has made them. */
  readonly declared: Hook
  /** For calls of a session: the same, a cookie, and on unsafe methods the session's anti-forgery value. */
  readonly signedIn: Hook
  /** Undefined without a cookie, and with more than one: which of them is ours cannot be known. */
  tokenIn(request: FastifyRequest): string | undefined
  keep(reply: FastifyReply, token: string): void
  /** By which the gateway knows the browser of an operator who has signed in here before. */
  deviceIn(request: FastifyRequest): string | undefined
  keepDevice(reply: FastifyReply, device: string): void
  forget(reply: FastifyReply): void
}

/** As long as the gateway takes it. */
const DEVICE_SECONDS = 180 * 24 * 3_600
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

export function createOwnPage(cookieName: string): OwnPage {
  const deviceCookie = `${cookieName}-device`
  const tokenIn = (request: FastifyRequest): string | undefined => onlyCookie(request, cookieName)

  return {
    tokenIn,
    declared: (request, _reply, done) => done(foreignFault(request)),
    signedIn: (request, _reply, done) => {
      const foreign = foreignFault(request)
      if (foreign !== undefined) return done(foreign)
      const token = tokenIn(request)
      if (token === undefined) return done(new Problem('unauthenticated'))
      if (SAFE_METHODS.has(request.method)) return done()
      const presented = request.headers['x-csrf-token']
      if (typeof presented === 'string' && isCsrfValue(presented, token)) return done()
      return done(refusal(request, 'csrf-value', 'X-CSRF-Token is missing or wrong'))
    },
    keep: (reply, token) => void reply.header('set-cookie', sessionCookie(cookieName, token, 'Strict')),
    deviceIn: (request) => onlyCookie(request, deviceCookie),
    keepDevice: (reply, device) =>
      void reply.header(
        'set-cookie',
        lastingCookie(deviceCookie, device, { maxAgeSeconds: DEVICE_SECONDS, sameSite: 'Strict' }),
      ),
    forget: (reply) => void reply.header('set-cookie', deletedCookie(cookieName, 'Strict')),
  }
}

/** Undefined also for a name that comes twice. */
function onlyCookie({ headers }: FastifyRequest, name: string): string | undefined {
  const [value, ...others] = cookieValues(headers.cookie, name)
  return others.length === 0 ? value : undefined
}

function foreignFault(request: FastifyRequest): Problem | undefined {
  const { origin, referer, host, 'sec-fetch-site': site } = request.headers
  const provenance = { origin, referer, host, secFetchSite: site?.toString() }
  // Only browsers have any business here, and they say where a call comes from.
  const sign = foreignSign(provenance) ?? (isUndeclared(provenance) ? 'undeclared' : undefined)
  return sign === undefined ? undefined : refusal(request, sign, 'the call does not come from this page')
}

function refusal(request: FastifyRequest, reason: string, detail: string): Problem {
  request.log.warn({ event: 'request.csrf.refused', reason })
  return new Problem('csrf-rejected', detail)
}
