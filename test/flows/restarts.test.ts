/**
 * ①–⑦ Everything goes down once and comes back: what was true stays true.
 */
import {
  expectJson,
  expectProblem,
  startTestSystem,
  type BearerClient,
  type TestSystem,
} from '@curfew/test-kit'
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
  it('without NATS nobody is admitted for longer than a lease, and nobody is called unauthenticated: 503, with Retry-After', async () => {
    await system.servers.nats.kill('SIGKILL')
    const seen = new Set<number>()
    await expect
      .poll(
        async () => {
          const { status } = await readsDocuments(alive)
          seen.add(status)
          return status
        },
        { timeout: 10_000 },
      )
      .toBe(503)
    expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([])
    await expectProblem(await alive.get('/session'), 503, 'unavailable')
    // That a session is over may be remembered: a refusal needs nobody to be asked.
    expect([401, 503]).toContain((await readsDocuments(revoked)).status)
    await system.servers.nats.restart()
    await expectEverythingAsBefore()
  })

  it('without Redis remembered sessions go on, and a revocation is confirmed all the same', async () => {
    const operator = (await system.login('operator')).at(system.services.session.url)
    expect((await operator.get('/v1/revocations')).status).toBe(200)
    const [carol, other] = [await system.login('carol'), await system.login('carol')]
    expect((await carol.get('/session')).status).toBe(200)
    expect((await other.get('/session')).status).toBe(200)

    await system.servers.redis.kill('SIGKILL')
    expect((await carol.get('/session')).status).toBe(200)
    const scope = { type: 'user', tenant: 'globex', user: 'carol' }
    const answer = await operator.post('/v1/revocations', { scope, reason: 'while Redis is away' })
    const confirmed = await expectJson<{ state: string; recorded: boolean }>(answer, 200)
    expect(confirmed).toMatchObject({ state: 'confirmed', recorded: false })
    await expectProblem(await carol.get('/session'), 401, 'unauthenticated')
    await expectProblem(await other.get('/session'), 401, 'unauthenticated')

    await system.servers.redis.restart()
    await expectServedAgain()
    await expectProblem(await carol.get('/session'), 401, 'unauthenticated')
    await expectEverythingAsBefore()
  })
})
