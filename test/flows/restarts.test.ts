/**
 * ①–⑦ Everything goes down once and comes back: what was true stays true.
 */
import { expectProblem, startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { askForDownload, download, readsDocuments, storeDocument } from './documents.ts'

let system: TestSystem
let alive: BearerClient
let revoked: BearerClient
let fileId: string
let spent: Awaited<ReturnType<typeof askForDownload>>

beforeAll(async () => {
  system = await startTestSystem()
  const operator = (await system.login('operator')).at(system.services.session.url)
  revoked = await system.login('bob')
  await operator.post('/v1/revocations', {
    scope: { type: 'user', tenant: 'acme', user: 'bob' },
    reason: 'before the restarts',
  })
  await operator.put('/v1/subjects/globex/carol/grants', { roles: [], permissions: ['documents:read'] })
  alive = await system.login('alice')
  fileId = await storeDocument(alive, 'still here')
  spent = await askForDownload(alive, fileId)
  await (await download(spent)).arrayBuffer()
})
afterAll(async () => system[Symbol.asyncDispose]())

/** Services find their servers again by themselves; until then they say 503 and nothing else. */
async function expectServedAgain(): Promise<void> {
  await system.untilReady()
  const seen = new Set<number>()
  await expect
    .poll(
      async () => {
        const { status } = await readsDocuments(alive)
        seen.add(status)
        return status
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe(200)
  expect([...seen].filter((status) => status !== 200 && status !== 503 && status !== 502)).toEqual([])
}

async function expectEverythingAsBefore(): Promise<void> {
  await expectServedAgain()
  await expectProblem(await readsDocuments(revoked), 401, 'unauthenticated')
  await expectProblem(await download(spent), 409, 'claim-spent')
  expect(await (await download(await askForDownload(alive, fileId))).text()).toBe('still here')
  const carol = await system.login('carol')
  await expectProblem(
    await carol.post('/api/documents', { name: 'x', content_type: 'text/plain' }),
    403,
    'forbidden',
  )
  expect((await readsDocuments(await system.login('bob'))).status).toBe(200)
}

describe('sessions, revocations, grants, spent claims and files survive a restart of', () => {
  it.each(['session', 'gateway', 'documents', 'files'] as const)('the %s service', async (service) => {
    await system.services[service].restart()
    await expectEverythingAsBefore()
  })

  it.each(['session', 'gateway', 'documents', 'files'] as const)(
    'the %s service after kill -9',
    async (service) => {
      await system.services[service].kill('SIGKILL')
      await system.services[service].restart()
      await expectEverythingAsBefore()
    },
  )

  it.each(['nats', 'redis'] as const)('%s, with its store', async (server) => {
    await system.servers[server].restart()
    await expectEverythingAsBefore()
  })
})

describe('while a server is away', () => {
  it.each(['nats', 'redis'] as const)(
    'nobody is admitted or called unauthenticated without %s: 503, with Retry-After',
    async (server) => {
      await system.servers[server].kill('SIGKILL')
      await expect.poll(async () => (await readsDocuments(alive)).status, { timeout: 10_000 }).toBe(503)
      await expectProblem(await readsDocuments(alive), 503, 'unavailable')
      await expectProblem(await readsDocuments(revoked), 503, 'unavailable')
      await system.servers[server].restart()
      await expectEverythingAsBefore()
    },
  )

  it('a revocation without Redis is still recorded in the log, and holds when Redis is back', async () => {
    const operator = (await system.login('operator')).at(system.services.session.url)
    const victim = await system.login('carol')
    const { accounts } = system
    expect(accounts.length).toBeGreaterThan(3)
    // The operator's own session is checked in Redis too: so the revocation is sent first and Redis dies under it.
    const sent = Promise.all([
      operator.post('/v1/revocations', {
        scope: { type: 'user', tenant: 'globex', user: 'carol' },
        reason: 'as Redis dies',
      }),
      system.servers.redis.kill('SIGKILL'),
    ])
    const [response] = await sent
    await system.servers.redis.restart()
    await expectServedAgain()
    // Whatever was answered is true: recorded means refused, anything else may be repeated.
    if (response.status < 300) await expectProblem(await readsDocuments(victim), 401, 'unauthenticated')
    else expect([401, 503]).toContain(response.status)
  })
})
