import {
  formatRelayToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  relayValueFor,
  type Audience,
} from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { createHttpServer, createLogger } from '@curfew/service-kit'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { createVerifier } from '@curfew/verifier'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { Authority } from '../../verifier/test/authority.ts'
import { curfewFastify } from '../src/index.ts'

const documents = 'documents' as Audience
const lines: string[] = []

let servers: TestServers
let authority: Authority
let url: string
const cleanUp: (() => Promise<unknown>)[] = []

function issue() {
  const { id, relayToken } = authority.issue()
  return { id, token: relayToken(documents) }
}

const get = (path: string, token: string): Promise<Response> =>
  fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
const statusOf = async (path: string, token: string): Promise<number> => (await get(path, token)).status

beforeAll(async () => {
  servers = await startTestServers()
  const admin = await connectMessaging({ url: servers.natsUrl('admin'), name: 'test-authority' })
  authority = new Authority(admin)

  const logger = createLogger({ service: 'test', level: 'info' }, { write: (line) => void lines.push(line) })
  const registry = new Registry()
  const nc = await connectMessaging({ url: servers.natsUrl('admin'), name: 'test-documents' })
  const verifier = await createVerifier({ nc, audience: documents, registry, logger })
  const app = createHttpServer({
    service: 'test',
    logger,
    registry,
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
  })
  await app.register(curfewFastify, { verifier })
  app.get('/read', { onRequest: app.requirePermission('documents:read') }, (request) => request.session.user)
  app.get('/write', { onRequest: app.requirePermission('documents:write') }, () => 'written')
  app.get('/events', { onRequest: app.requirePermission('documents:read') }, (request, reply) => {
    request.sessionSignal.addEventListener('abort', () => reply.raw.destroy())
    reply.hijack()
    reply.raw.write('begun')
  })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  cleanUp.push(
    () => app.close(),
    () => verifier.close(),
    () => nc.close(),
    () => admin.close(),
  )
})

afterAll(async () => {
  for (const close of cleanUp) await close()
  await servers.stop()
})

it('admits a live relay token to what its session permits, and to nothing else', async () => {
  const { token } = issue()
  expect(await statusOf('/read', token)).toBe(200)
  expect(await statusOf('/write', token)).toBe(403)
})

it('keeps a hundred callers apart that come at once', async () => {
  const tokens = Array.from({ length: 50 }, () => issue().token)
  const strangers = Array.from({ length: 50 }, () =>
    formatRelayToken(newSessionId(), relayValueFor(hashSecret(newSessionSecret()), documents)),
  )
  const statuses = await Promise.all([...tokens, ...strangers].map((token) => statusOf('/read', token)))
  expect(statuses).toEqual([...tokens.map(() => 200), ...strangers.map(() => 401)])
})

it('answers from memory until a revocation, refuses from the next request on, and logs why without the token', async () => {
  const { id, token } = issue()
  expect(await statusOf('/read', token)).toBe(200)
  const asked = authority.asked.length
  expect(await statusOf('/read', token)).toBe(200)
  expect(authority.asked).toHaveLength(asked)
  const seq = authority.revoke(id)
  await vi.waitFor(() => expect(authority.acknowledged.at(-1)?.applied).toBeGreaterThanOrEqual(seq))
  expect(await statusOf('/read', token)).toBe(401)
  expect(lines.join('')).toContain('"reason":"revoked"')
  expect(lines.join('')).not.toContain(token)
})

it('cuts a stream when its session ends, so that nobody takes it as complete', async () => {
  const { id, token } = issue()
  const response = await get('/events', token)
  expect(response.status).toBe(200)
  authority.revoke(id)
  await expect(response.text()).rejects.toThrow(/terminated/)
})

it('answers 503, never 401 and never 200, while the broker is gone', async () => {
  const { token } = issue()
  expect(await statusOf('/read', token)).toBe(200)
  await servers.nats.kill('SIGKILL')
  await vi.waitFor(async () => expect(await statusOf('/read', token)).toBe(503), 10_000)
  const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf('/read', token)))
  expect(new Set(statuses)).toEqual(new Set([503]))
  await servers.nats.restart()
  await vi.waitFor(async () => expect(await statusOf('/read', token)).toBe(200), 20_000)
})
