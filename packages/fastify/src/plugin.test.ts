import { PassThrough } from 'node:stream'

import { newSessionId, type ClientId, type Permission, type TenantId, type UserId } from '@curfew/contracts'
import { Problem, createHttpServer, createLogger, type CurfewServer } from '@curfew/service-kit'
import type { VerifiedSession, Verdict, Verifier } from '@curfew/verifier'
import { Registry } from 'prom-client'
import { describe, expect, it, vi } from 'vitest'

import { curfewFastify, type CurfewFastifyOptions } from './index.ts'

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
const admitted: Verdict = { kind: 'admitted', session }

interface SetUp {
  readonly app: CurfewServer
  readonly checked: string[]
  readonly handled: string[]
  readonly lines: string[]
  readonly staleness: (number | undefined)[]
  /** Whether each check was to count as use of the session. */
  readonly activity: (boolean | undefined)[]
  readonly watches: Watch[]
}

interface Watch {
  readonly id: string
  readonly permissions: readonly Permission[]
  isReleased: boolean
  readonly controller: AbortController
}

async function setUp(
  verdict: Verdict | Promise<Verdict> | (() => Verdict),
  options: Partial<CurfewFastifyOptions> = {},
): Promise<SetUp> {
  const [checked, handled, lines]: [string[], string[], string[]] = [[], [], []]
  const [staleness, watches]: [(number | undefined)[], Watch[]] = [[], []]
  const activity: (boolean | undefined)[] = []
  const verifier: Verifier = {
    check(token, { maxStalenessMs, isActivity } = {}) {
      checked.push(token)
      staleness.push(maxStalenessMs)
      activity.push(isActivity)
      return typeof verdict === 'function' ? verdict() : verdict
    },
    watch: (watched, { permissions }) => {
      const watch = { id: watched.id, permissions, isReleased: false, controller: new AbortController() }
      watches.push(watch)
      return { signal: watch.controller.signal, release: () => void (watch.isReleased = true) }
    },
    relayCredentials: () => '',
    authAgeMs: () => 0,
    ready: true,
    close: () => Promise.resolve(),
  }
  const logger = createLogger({ service: 'test', level: 'debug' }, { write: (line) => void lines.push(line) })
  const app = createHttpServer({
    service: 'test',
    logger,
    registry: new Registry(),
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
  })
  await app.register(curfewFastify, { verifier, ...options })
  app.get('/me', { onRequest: app.requireSession }, (request) => {
    handled.push('/me')
    return { user: request.session.user }
  })
  app.get('/twice', { onRequest: [app.requireSession, app.requirePermission('documents:read')] }, () => 'ok')
  app.post('/documents', { onRequest: app.requirePermission('documents:write') }, () => {
    handled.push('/documents')
    return 'ok'
  })
  app.post(
    '/notes',
    { schema: { body: {} }, onRequest: app.requirePermission('documents:read') },
    (_request, reply) => {
      handled.push('/notes')
      return reply.code(204).send()
    },
  )
  app.get('/unguarded', (request) => request.session.user)
  app.get('/lately', { onRequest: app.requireSessionWithin(5000) }, () => 'ok')
  const lately = app.requirePermission('documents:read', { maxStalenessMs: 7000 })
  app.get('/read-lately', { onRequest: lately }, () => 'ok')
  app.get('/strict-after-all', { onRequest: [lately, app.requireSession, lately] }, () => 'ok')
  app.get('/stream', { onRequest: app.requirePermission('documents:read') }, (request, reply) => {
    const { sessionSignal } = request
    if (sessionSignal !== request.sessionSignal) throw new Error('watched twice')
    sessionSignal.addEventListener('abort', () => reply.raw.destroy())
    reply.hijack()
    reply.raw.write('begun')
    if (request.headers['x-end'] !== undefined) reply.raw.end()
  })
  app.get('/unguarded-stream', (request) => String(request.sessionSignal.aborted))
  const lasting = { config: { isActivity: false }, onRequest: app.requirePermission('documents:read') }
  app.get('/lasting', lasting, () => 'ok')
  return { app, checked, handled, lines, staleness, activity, watches }
}

const bearer = { authorization: 'Bearer some-token' }
const events = (lines: readonly string[]): unknown[] => lines.map((line) => JSON.parse(line) as unknown)

describe('a guarded route', () => {
  it.each([
    ['at once', admitted],
    ['later', Promise.resolve(admitted)],
  ])('is reached with a live session, whether the verdict comes %s', async (_, verdict) => {
    const { app, checked } = await setUp(verdict)
    const response = await app.inject({ url: '/me', headers: bearer })
    expect(response.json()).toEqual({ user: 'alice' })
    expect(checked).toEqual(['some-token'])
  })

  it('asks once, however many guards stand before it', async () => {
    const { app, checked } = await setUp(Promise.resolve(admitted))
    expect((await app.inject({ url: '/twice', headers: bearer })).statusCode).toBe(200)
    expect(checked).toHaveLength(1)
  })

  it('is not reached without a credential, and the challenge names no error', async () => {
    const { app, checked, handled } = await setUp(admitted)
    const response = await app.inject({ url: '/me' })
    expect(response.statusCode).toBe(401)
    expect(response.json()).toMatchObject({ code: 'unauthenticated' })
    expect(response.headers['www-authenticate']).toBe('Bearer realm="curfew"')
    expect([checked, handled]).toEqual([[], []])
  })

  it('is not reached with a token that is refused, and every reason looks the same outside', async () => {
    const seen = new Set<string>()
    for (const reason of ['unknown', 'revoked', 'expired', 'suspended', 'malformed', 'mismatch'] as const) {
      const { app, handled, lines } = await setUp({ kind: 'refused', reason })
      const headers = { ...bearer, 'x-request-id': 'same' }
      const response = await app.inject({ url: '/me', headers })
      expect(handled).toEqual([])
      const { date: _date, ...stable } = response.headers
      seen.add(JSON.stringify([response.statusCode, stable, response.body]))
      expect(events(lines)).toContainEqual(
        expect.objectContaining({ event: 'session.check.refused', reason, requestId: 'same', level: 'warn' }),
      )
    }
    expect([...seen]).toHaveLength(1)
    expect([...seen][0]).toContain('invalid_token')
    expect([...seen][0]).toContain('401')
  })

  it.each([
    [1, '1'],
    [1000, '1'],
    [1001, '2'],
  ])('answers 503 while nobody knows, and says when to come again (%i ms)', async (retryAfterMs, seconds) => {
    const { app, handled } = await setUp(Promise.resolve({ kind: 'unsure', retryAfterMs } as const))
    const response = await app.inject({ url: '/me', headers: bearer })
    expect(response.statusCode).toBe(503)
    expect(response.json()).toMatchObject({ code: 'unavailable' })
    expect(response.headers['retry-after']).toBe(seconds)
    expect(handled).toEqual([])
  })

  it('is not reached without the permission, which is 403 and never 401', async () => {
    const { app, handled, lines } = await setUp(admitted)
    const response = await app.inject({ method: 'POST', url: '/documents', headers: bearer })
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'forbidden' })
    expect(response.headers['www-authenticate']).toContain('insufficient_scope')
    expect(handled).toEqual([])
    expect(events(lines)).toContainEqual(
      expect.objectContaining({
        event: 'session.permission.refused',
        permission: 'documents:write',
        sessionId: session.id,
      }),
    )
  })

  it('is not reached when the verdict breaks: the fault is ours, not the caller’s', async () => {
    const { app, handled } = await setUp(Promise.reject(new Error('broken')))
    const response = await app.inject({ url: '/me', headers: bearer })
    expect(response.statusCode).toBe(500)
    expect(handled).toEqual([])
  })
})

it.each<[string, number, Verdict]>([
  ['and admits a session that is as it was', 204, admitted],
  ['and refuses a session that has ended', 401, { kind: 'refused', reason: 'revoked' }],
  [
    'and refuses a session that has lost the permission',
    403,
    { ...admitted, session: { ...session, permissions: new Set() } },
  ],
  ['and answers 503 when nobody knows', 503, { kind: 'unsure', retryAfterMs: 1000 }],
])('checks once more when a body has arrived, %s', async (_, status, then) => {
  let current: Verdict = admitted
  const { app, checked, handled } = await setUp(() => current)
  const payload = new PassThrough()
  payload.write('{"a"')
  const headers = { ...bearer, 'content-type': 'application/json' }
  const answer = app.inject({ method: 'POST', url: '/notes', headers, payload })
  await vi.waitFor(() => expect(checked).toHaveLength(1))
  current = then
  payload.end(':1}')
  expect((await answer).statusCode).toBe(status)
  expect([checked.length, handled.length]).toEqual([2, status === 204 ? 1 : 0])
})

it('takes the credential from where the service says, and its refusal as it is', async () => {
  const cookie = await setUp(admitted, { credential: ({ headers }) => headers.cookie })
  await cookie.app.inject({ url: '/me', headers: { cookie: 'from-cookie' } })
  expect(cookie.checked).toEqual(['from-cookie'])

  const throwing = await setUp(admitted, {
    credential: () => {
      throw new Problem('ambiguous-credentials')
    },
  })
  const response = await throwing.app.inject({ url: '/me', headers: bearer })
  expect([response.statusCode, throwing.handled]).toEqual([400, []])
})

it('a handler without a guard fails loudly instead of serving somebody', async () => {
  const { app } = await setUp(admitted)
  const response = await app.inject({ url: '/unguarded', headers: bearer })
  expect(response.statusCode).toBe(500)
})

describe('the staleness that a route allows', () => {
  it.each([
    ['/me', [0]],
    ['/lately', [5000]],
    ['/read-lately', [7000]],
    // A stricter guard asks again, a more lenient one does not.
    ['/strict-after-all', [7000, 0]],
  ])('is passed on by %s and by no other', async (url, expected) => {
    const { app, staleness } = await setUp(admitted)
    expect((await app.inject({ url, headers: bearer })).statusCode).toBe(200)
    expect(staleness).toEqual(expected)
  })
})

it('a request counts as use of its session, unless its route merely lasts', async () => {
  const { app, activity } = await setUp(admitted)
  for (const url of ['/me', '/lasting', '/read-lately']) await app.inject({ url, headers: bearer })
  expect(activity).toEqual([true, false, true])
})

describe('the signal of a session', () => {
  it('is watched with what the guard demanded, once, until the response has ended', async () => {
    const { app, watches } = await setUp(admitted)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const response = await fetch(`${url}/stream`, { headers: { ...bearer, 'x-end': '1' } })
    expect(await response.text()).toBe('begun')
    await vi.waitFor(() =>
      expect(watches).toMatchObject([{ permissions: ['documents:read'], isReleased: true }]),
    )
    await app.close()
  })

  it('lets a stream be cut, and is released when the caller has gone first', async () => {
    const { app, watches } = await setUp(admitted)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const cut = await fetch(`${url}/stream`, { headers: bearer })
    watches[0]?.controller.abort()
    await expect(cut.text()).rejects.toThrow(/terminated/)
    const gone = new AbortController()
    await fetch(`${url}/stream`, { headers: bearer, signal: gone.signal })
    expect(watches[1]?.isReleased).toBe(false)
    gone.abort()
    await vi.waitFor(() => expect(watches.map(({ isReleased }) => isReleased)).toEqual([true, true]))
    await app.close()
  })

  it('is not watched by a route that does not ask for it, and not to be had without a guard', async () => {
    const { app, watches } = await setUp(admitted)
    await app.inject({ url: '/me', headers: bearer })
    expect(watches).toEqual([])
    expect((await app.inject({ url: '/unguarded-stream', headers: bearer })).statusCode).toBe(500)
  })
})
