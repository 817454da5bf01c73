/**
 * ①–⑦ What happened can be found out afterwards: by one id through all services, and whatever became of who wrote it down.
 */
import { readFile } from 'node:fs/promises'

import { expectJson, HttpClient, startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem()
})
afterAll(async () => system[Symbol.asyncDispose]())

interface Event {
  readonly source: string
  readonly type: string
  readonly session: string
  readonly request_id: string
  readonly effect?: string
}

const atAuthority = async (): Promise<BearerClient> =>
  (await system.login('operator')).at(system.services.session.url)

async function eventsOf(operator: BearerClient, query: Record<string, string>): Promise<readonly Event[]> {
  const path = `/v1/audit?${new URLSearchParams({ limit: '200', ...query }).toString()}`
  return (await expectJson<{ events: Event[] }>(await operator.get(path), 200)).events
}

async function linesOf(process: string, requestId: string): Promise<string[]> {
  const lines = (await readFile(system.logFile(process), 'utf8')).split('\n').filter((line) => line !== '')
  return lines
    .map((line) => JSON.parse(line) as { event: string; requestId?: string })
    .filter((line) => line.requestId === requestId)
    .map(({ event }) => event)
}

const named = (requestId: string, json?: unknown) => ({ headers: { 'x-request-id': requestId }, json })

async function loginNamed(requestId: string): Promise<string> {
  const { tenant, username, password } = system.account('alice')
  const gateway = new HttpClient(system.services.gateway.url)
  const request = named(requestId, { tenant, username, password, client: 'api' })
  const response = await gateway.request('POST', '/login', request)
  return (await expectJson<{ session: { id: string } }>(response, 200)).session.id
}

const typesOf = (events: readonly { source: string; type: string }[]): string[] =>
  events.map(({ source, type }) => `${source} ${type}`).toSorted()

describe('one id', () => {
  it('leads from the gateway’s line to the authority’s and to the event', async () => {
    const id = await loginNamed('flow-login')
    await expect.poll(() => linesOf('gateway', 'flow-login')).toContain('http.request')
    expect(await linesOf('session', 'flow-login')).toContain('session.created')
    await expect
      .poll(async () =>
        typesOf(await eventsOf(await atAuthority(), { request_id: 'flow-login', session: id })),
      )
      .toEqual(['gateway login.succeeded', 'session session.created'])
  })

  it('leads from the gateway through the domain service', async () => {
    const alice = await system.login('alice')
    await expectJson(await alice.request('GET', '/api/documents', named('flow-read')), 200)
    await expect.poll(() => linesOf('documents', 'flow-read')).toContain('http.request')
    await expect.poll(() => linesOf('gateway', 'flow-read')).toContain('http.request')
  })

  it('leads from a logout to its effect everywhere', async () => {
    const alice = await system.login('alice')
    expect((await alice.request('POST', '/logout', named('flow-logout'))).status).toBe(204)
    expect(await linesOf('session', 'flow-logout')).toContain('session.ended')
    const events = await eventsOf(await atAuthority(), { request_id: 'flow-logout' })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'session.ended', source: 'session', effect: 'confirmed' }),
    )
  })
})

describe('what was answered', () => {
  it('is in the trail, though the process that answered is killed in the same moment', async () => {
    const ids: string[] = []
    for (let round = 0; round < 4; round += 1) {
      ids.push(await loginNamed(`flow-killed-${round}`))
      await system.services.session.kill('SIGKILL')
      await system.services.session.restart()
      await system.untilReady()
    }
    const operator = await atAuthority()
    for (const session of ids)
      expect(typesOf(await eventsOf(operator, { session }))).toContain('session session.created')
    expect(await expectJson(await operator.get('/v1/audit/verify'), 200)).toMatchObject({ intact: true })
  })
})
