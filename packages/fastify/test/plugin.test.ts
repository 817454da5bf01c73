import {
  HELLO,
  RESOLVE,
  SUBJECTS,
  formatPosition,
  formatRelayToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  relayValueFor,
  resolveSubject,
  type Audience,
  type ClientId,
  type Permission,
  type Resolved,
  type SessionId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { answer, connectMessaging } from '@curfew/messaging'
import { createHttpServer, createLogger } from '@curfew/service-kit'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { createVerifier } from '@curfew/verifier'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { curfewFastify } from '../src/index.ts'

const documents = 'documents' as Audience
const live = new Map<SessionId, string>()
const lines: string[] = []

let servers: TestServers
let url: string
const cleanUp: (() => Promise<unknown>)[] = []

function resolve(id: SessionId): Resolved {
  const proof = live.get(id)
  if (proof === undefined) return { status: 'refused', reason: 'unknown' }
  const time = '2026-01-01T00:00:00.000Z'
  return {
    status: 'live',
    proof,
    idleRemainingMs: 60_000,
    remainingMs: 60_000,
    session: {
      id,
      tenant: 'acme' as TenantId,
      user: 'alice' as UserId,
      client: 'browser' as ClientId,
      createdAt: time,
      authTime: time,
      acr: 'aal1',
      amr: ['pwd'],
      idleExpiresAt: time,
      expiresAt: time,
      roles: [],
      permissions: ['documents:read' as Permission],
    },
  }
}

function issue(): string {
  const id = newSessionId()
  const value = relayValueFor(hashSecret(newSessionSecret()), documents)
  live.set(id, value)
  return formatRelayToken(id, value)
}

const statusOf = async (path: string, token: string): Promise<number> =>
  (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })).status

beforeAll(async () => {
  servers = await startTestServers()
  const authority = await connectMessaging({ url: servers.natsUrl('session'), name: 'test-authority' })
  answer(authority, HELLO, SUBJECTS.hello, () => ({ epoch: 1 }))
  answer(authority, RESOLVE, resolveSubject(1, documents), ({ sessions }) => ({
    asOf: formatPosition(1, 1),
    sessions: sessions.map(resolve),
  }))

  const logger = createLogger({ service: 'test', level: 'info' }, { write: (line) => void lines.push(line) })
  const registry = new Registry()
  const nc = await connectMessaging({ url: servers.natsUrl('documents'), name: 'test-documents' })
  const verifier = await createVerifier({ nc, audience: documents, registry, logger })
  const app = createHttpServer({ service: 'test', logger, registry, readiness: [] })
  await app.register(curfewFastify, { verifier })
  app.get('/read', { onRequest: app.requirePermission('documents:read') }, (request) => request.session.user)
  app.get('/write', { onRequest: app.requirePermission('documents:write') }, () => 'written')
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  cleanUp.push(
    () => app.close(),
    () => verifier.close(),
    () => nc.close(),
    () => authority.close(),
  )
})

afterAll(async () => {
  for (const close of cleanUp) await close()
  await servers.stop()
})

it('admits a live relay token to what its session permits, and to nothing else', async () => {
  const token = issue()
  expect(await statusOf('/read', token)).toBe(200)
  expect(await statusOf('/write', token)).toBe(403)
})

it('keeps a hundred callers apart that come at once', async () => {
  const tokens = Array.from({ length: 50 }, issue)
  const strangers = Array.from({ length: 50 }, () =>
    formatRelayToken(newSessionId(), relayValueFor(hashSecret(newSessionSecret()), documents)),
  )
  const statuses = await Promise.all([...tokens, ...strangers].map((token) => statusOf('/read', token)))
  expect(statuses).toEqual([...tokens.map(() => 200), ...strangers.map(() => 401)])
})

it('refuses a session from the next request on, and logs why without the token', async () => {
  const token = issue()
  expect(await statusOf('/read', token)).toBe(200)
  live.clear()
  expect(await statusOf('/read', token)).toBe(401)
  expect(lines.join('')).toContain('"reason":"unknown"')
  expect(lines.join('')).not.toContain(token)
})

it('answers 503, never 401 and never 200, while the broker is gone', async () => {
  const token = issue()
  await servers.nats.kill('SIGKILL')
  await vi.waitFor(async () => expect(await statusOf('/read', token)).toBe(503), 10_000)
  const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf('/read', token)))
  expect(new Set(statuses)).toEqual(new Set([503]))
  await servers.nats.restart()
  await vi.waitFor(async () => expect(await statusOf('/read', token)).toBe(200), 20_000)
})
