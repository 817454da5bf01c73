import { newSessionId, type ClientId, type Permission, type TenantId, type UserId } from '@curfew/contracts'
import type { VerifiedSession, Verdict, Verifier } from '@curfew/verifier'
import { fastify, type FastifyError, type FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'

import { curfewFastify } from './index.ts'

const session: VerifiedSession = {
  id: newSessionId(),
  tenant: 'acme' as TenantId,
  user: 'alice' as UserId,
  client: 'browser' as ClientId,
  createdAt: '2026-01-01T00:00:00.000Z',
  authTime: '2026-01-01T00:00:00.000Z',
  acr: 'aal1',
  amr: ['pwd'],
  idleExpiresAt: '2026-01-01T00:30:00.000Z',
  expiresAt: '2026-01-01T12:00:00.000Z',
  roles: [],
  permissions: new Set(['documents:read' as Permission]),
}

/** A server that is not ours, with whatever it makes of errors. */
async function host(verdict: Verdict, prepare: (app: FastifyInstance) => unknown = () => undefined) {
  const verifier: Verifier = {
    check: () => verdict,
    watch: () => ({ signal: new AbortController().signal, release: () => undefined }),
    relayCredentials: () => '',
    authAgeMs: () => 3_600_000,
    ready: true,
    close: () => Promise.resolve(),
  }
  const app = fastify()
  await prepare(app)
  await app.register(curfewFastify, { verifier })
  app.get('/me', { onRequest: app.requireSession }, (request) => request.session.user)
  app.get('/write', { onRequest: app.requirePermission('documents:write') }, () => 'written')
  app.get('/recent', { onRequest: app.requireRecentAuth({ maxAgeSeconds: 60 }) }, () => 'done')
  app.get('/broken', () => {
    throw new Error('of the host')
  })
  return app
}

const usual = (app: FastifyInstance): unknown =>
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    void reply.code(error.statusCode ?? 500).send({ error: error.message })
  })
const hosts: [string, ((app: FastifyInstance) => unknown) | undefined][] = [
  ['no error handler of its own', undefined],
  ['the usual error handler', usual],
]

const refused: Verdict = { kind: 'refused', reason: 'revoked' }
const admitted: Verdict = { kind: 'admitted', session }
const unsure: Verdict = { kind: 'unsure', retryAfterMs: 2_500 }

describe.each(hosts)('a host with %s', (_, prepare) => {
  it.each([
    {
      of: 'a session that is over',
      verdict: refused,
      url: '/me',
      status: 401,
      challenge: /error="invalid_token"/,
    },
    {
      of: 'a missing permission',
      verdict: admitted,
      url: '/write',
      status: 403,
      challenge: /error="insufficient_scope"/,
    },
    {
      of: 'an old authentication',
      verdict: admitted,
      url: '/recent',
      status: 401,
      challenge: /max_age="60"/,
    },
  ])('answers $of with $status and a challenge', async ({ verdict, url, status, challenge }) => {
    const app = await host(verdict, prepare)
    const response = await app.inject({ url, headers: { authorization: 'Bearer some-token' } })
    expect(response.statusCode).toBe(status)
    expect(response.headers['www-authenticate']).toMatch(challenge)
  })

  it('answers 503 without a verdict, and when to come back', async () => {
    const app = await host(unsure, prepare)
    const response = await app.inject({ url: '/me', headers: { authorization: 'Bearer some-token' } })
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('3')
  })

  it('lets a live session in, refuses a caller without a token, and has errors of its own', async () => {
    const app = await host(admitted, prepare)
    const headers = { authorization: 'Bearer some-token' }
    expect((await app.inject({ url: '/me', headers })).body).toBe('alice')
    const anonymous = await app.inject({ url: '/me' })
    expect(anonymous.statusCode).toBe(401)
    expect(anonymous.headers['www-authenticate']).toBe('Bearer realm="curfew"')
    expect((await app.inject({ url: '/broken' })).statusCode).toBe(500)
  })
})
