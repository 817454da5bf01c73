/**
 * ① ② ④ A page that is merely open does not keep its session alive.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { expectProblem, startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const IDLE_SECONDS = 4

describe('a session that nobody uses', () => {
  let system: TestSystem
  let gateway: string
  beforeAll(async () => {
    system = await startTestSystem({
      env: { session: { SESSION_IDLE_TIMEOUT_SECONDS: String(IDLE_SECONDS) } },
    })
    gateway = system.services.gateway.url
  })
  afterAll(() => system[Symbol.asyncDispose]())

  const events = ({ token }: BearerClient): Promise<Response> =>
    fetch(`${gateway}/session/events`, { headers: { authorization: `Bearer ${token}` } })

  it('ends at its idle limit while a stream is open, which is told', async () => {
    const alice = await system.login('alice')
    const startedMs = performance.now()
    const text = await (await events(alice)).text()
    expect(text).toContain('event: revoked')
    expect(performance.now() - startedMs).toBeLessThan((IDLE_SECONDS + 3) * 1_000)
    await expectProblem(await alice.get('/session'), 401, 'unauthenticated')
  })

  it('ends at its idle limit while what it may do changes under one stream and others are opened again and again', async () => {
    const alice = await system.login('alice')
    const operator = (await system.login('operator')).at(system.services.session.url)
    const lasting = await events(alice)
    const startedMs = performance.now()
    let status = 200
    for (let round = 0; status === 200; round += 1) {
      expect(performance.now() - startedMs).toBeLessThan((IDLE_SECONDS + 3) * 1_000)
      const permissions = [`round:${round}`]
      await operator.put('/v1/subjects/acme/alice/grants', { roles: ['editor'], permissions })
      const stream = await events(alice)
      status = stream.status
      await stream.body?.cancel()
      await delay(200)
    }
    expect(status).toBe(401)
    expect(await lasting.text()).toContain('event: revoked')
    expect(performance.now() - startedMs).toBeGreaterThan((IDLE_SECONDS - 1) * 1_000)
  })

  it('goes on for as long as it is used, stream or no stream', async () => {
    const alice = await system.login('alice')
    const stream = await events(alice)
    const startedMs = performance.now()
    while (performance.now() - startedMs < IDLE_SECONDS * 1_500) {
      expect((await alice.get('/session')).status).toBe(200)
      await delay(250)
    }
    await stream.body?.cancel()
  })
})
