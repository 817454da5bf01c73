import { PassThrough } from 'node:stream'

import { newSessionId, type ClientId, type Permission, type TenantId, type UserId } from '@curfew/contracts'
import { createHttpServer, createLogger } from '@curfew/service-kit'
import type { VerifiedSession, Verifier } from '@curfew/verifier'
import { Registry } from 'prom-client'
import { describe, expect, it, vi } from 'vitest'

import { curfewFastify, type RecentAuthentication } from './index.ts'

interface Authenticated {
  readonly authAgeMs: number
  readonly acr?: string
}

async function setUp({ authAgeMs, acr = 'aal1' }: Authenticated, demand: RecentAuthentication) {
  const session: VerifiedSession = {
    id: newSessionId(),
    tenant: 'acme' as TenantId,
    user: 'alice' as UserId,
    client: 'browser' as ClientId,
    createdAt: '2026-01-01T00:00:00.000Z',
    // Long past by this machine's clock, which is not asked.
    authTime: '2026-01-01T00:00:00.000Z',
    acr,
    amr: ['pwd'],
    idleExpiresAt: '2026-01-01T00:30:00.000Z',
    expiresAt: '2026-01-01T12:00:00.000Z',
    roles: [],
    permissions: new Set(['documents:read' as Permission]),
  }
  const checked: string[] = []
  let laterMs = 0
  const verifier: Verifier = {
    check(token) {
      checked.push(token)
      return token === 'good' ? { kind: 'admitted', session } : { kind: 'refused', reason: 'unknown' }
    },
    watch: () => ({ signal: new AbortController().signal, release: () => undefined }),
    relayCredentials: () => '',
    authAgeMs: () => authAgeMs + laterMs,
    ready: true,
    close: () => Promise.resolve(),
  }
  const lines: string[] = []
  const logger = createLogger({ service: 'test', level: 'debug' }, { write: (line) => void lines.push(line) })
  const app = createHttpServer({
    service: 'test',
    logger,
    registry: new Registry(),
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
  })
  await app.register(curfewFastify, { verifier })
  const recent = app.requireRecentAuth(demand)
  app.get('/recent', { onRequest: recent }, () => 'ok')
  app.post('/slow', { schema: { body: {} }, onRequest: recent }, () => 'ok')
  app.post('/hashing', { onRequest: recent }, async (request) => {
    laterMs = 60_000
    await request.recheckSession()
    return 'ok'
  })
  app.get('/both', { onRequest: [app.requirePermission('documents:read'), recent] }, () => 'ok')
  app.get('/neither', { onRequest: [app.requirePermission('documents:write'), recent] }, () => 'ok')
  const ask = (url: string, token = 'good') =>
    app.inject({ url, headers: { authorization: `Bearer ${token}` } })
  const grow = (ms: number): void => void (laterMs = ms)
  return { app, ask, checked, lines, grow }
}

describe('a route that demands a recent authentication', () => {
  it.each([
    [0, 300, 200],
    [300_000, 300, 200],
    [300_001, 300, 401],
    [1, 0, 401],
    [0, 0, 200],
  ])('of %i ms ago, with %i s allowed, answers %i', async (authAgeMs, maxAgeSeconds, status) => {
    const { ask } = await setUp({ authAgeMs }, { maxAgeSeconds })
    expect((await ask('/recent')).statusCode).toBe(status)
  })

  it('judges it again when the body has arrived', async () => {
    const { app, checked, grow } = await setUp({ authAgeMs: 299_000 }, { maxAgeSeconds: 300 })
    const payload = new PassThrough()
    payload.write('{"a"')
    const headers = { authorization: 'Bearer good', 'content-type': 'application/json' }
    const answer = app.inject({ method: 'POST', url: '/slow', headers, payload })
    await vi.waitFor(() => expect(checked).toHaveLength(1))
    grow(60_000)
    payload.end(':1}')
    expect((await answer).json()).toMatchObject({ status: 401, code: 'insufficient-authentication' })
  })

  it.each([
    [299_000, 401],
    [1_000, 200],
  ])(
    'judges %i ms again when a handler has been at something slow, and answers %i',
    async (authAgeMs, status) => {
      const { app } = await setUp({ authAgeMs }, { maxAgeSeconds: 300 })
      const headers = { authorization: 'Bearer good' }
      expect((await app.inject({ method: 'POST', url: '/hashing', headers })).statusCode).toBe(status)
    },
  )

  it('says what would do, so that a program can bring it about', async () => {
    const { ask, lines } = await setUp({ authAgeMs: 400_000 }, { maxAgeSeconds: 300 })
    const response = await ask('/recent')
    expect(response.json()).toMatchObject({ code: 'insufficient-authentication', status: 401 })
    expect(response.headers['www-authenticate']).toBe(
      'Bearer realm="curfew", error="insufficient_user_authentication", max_age="300"',
    )
    expect(lines.join('')).toContain('"event":"session.authentication.refused"')
    expect(lines.join('')).toContain('"reason":"too-old"')
  })

  it.each([
    ['aal1', 'aal2', 401],
    ['aal2', 'aal2', 200],
    ['aal3', 'aal2', 200],
    ['aal2', 'aal3', 401],
    ['unspecified', 'aal1', 401],
    ['urn:acme:high', 'urn:acme:high', 200],
    ['aal3', 'urn:acme:high', 401],
  ])('with %s where %s is needed answers %i', async (acr, needed, status) => {
    const { ask } = await setUp({ authAgeMs: 0, acr }, { maxAgeSeconds: 300, acr: needed })
    const response = await ask('/recent')
    expect(response.statusCode).toBe(status)
    if (status === 401)
      expect(response.headers['www-authenticate']).toContain(`max_age="300", acr_values="${needed}"`)
  })

  it('asks the verifier once beside a permission, and the missing permission stays 403', async () => {
    const { ask, checked } = await setUp({ authAgeMs: 0 }, { maxAgeSeconds: 300 })
    expect((await ask('/both')).statusCode).toBe(200)
    expect(checked).toHaveLength(1)
    expect((await ask('/neither')).statusCode).toBe(403)
  })

  it('tells who has no session that, and nothing of what else would be needed', async () => {
    const { ask, app } = await setUp({ authAgeMs: 0 }, { maxAgeSeconds: 300 })
    for (const response of [await ask('/recent', 'bad'), await app.inject({ url: '/recent' })]) {
      expect(response.statusCode).toBe(401)
      expect(response.headers['www-authenticate']).not.toContain('insufficient')
    }
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'of %s seconds is no route: the service does not start',
    async (maxAgeSeconds) => {
      await expect(setUp({ authAgeMs: 0 }, { maxAgeSeconds })).rejects.toThrow(RangeError)
    },
  )

  it.each(['', 'a b', 'a"b', 'a\r\nb', 'x'.repeat(129)])('for the level %j is no route', async (acr) => {
    await expect(setUp({ authAgeMs: 0 }, { maxAgeSeconds: 1, acr })).rejects.toThrow(RangeError)
  })
})
