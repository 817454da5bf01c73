/**
 * ④ ⑤ Ending sessions of every scope, and what outlives it.
 */
import { randomUUID } from 'node:crypto'

import {
  expectJson,
  expectProblem,
  startTestSystem,
  type BearerClient,
  type TestSystem,
} from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { readsDocuments } from './documents.ts'

let system: TestSystem
let operator: BearerClient

beforeAll(async () => {
  system = await startTestSystem()
  operator = (await system.login('operator')).at(system.services.session.url)
})
afterAll(async () => system[Symbol.asyncDispose]())

async function sessionId(caller: BearerClient): Promise<string> {
  return (await expectJson<{ session: { id: string } }>(await caller.get('/session'), 200)).session.id
}

interface Revocation {
  readonly revocation: { readonly id: string; readonly position: string }
  readonly state: string
  readonly confirmed_by: string
  readonly verifiers: { readonly total: number; readonly acknowledged: number; readonly lapsed: number }
}

async function revoke(scope: object, extras: object = {}): Promise<Revocation> {
  const response = await operator.post('/v1/revocations', { scope, reason: 'a test', ...extras })
  return expectJson(response, 200)
}

describe('a revocation', () => {
  it.each([
    [
      'of one session',
      async (alice: BearerClient) => ({ type: 'session', session: await sessionId(alice) }),
      { otherOfAlice: 200, bob: 200, carol: 200 },
    ],
    [
      'of a user',
      async () => ({ type: 'user', tenant: 'acme', user: 'alice' }),
      { otherOfAlice: 401, bob: 200, carol: 200 },
    ],
    [
      'of a tenant',
      async () => ({ type: 'tenant', tenant: 'acme' }),
      { otherOfAlice: 401, bob: 401, carol: 200 },
    ],
  ])('%s ends what it covers and nothing else', async (_, scopeOf, expected) => {
    const [alice, otherOfAlice, bob, carol] = await Promise.all(
      ['alice', 'alice', 'bob', 'carol'].map((name) => system.login(name)),
    )
    if (!alice || !otherOfAlice || !bob || !carol) throw new Error('four logins')
    const { state, confirmed_by: confirmedBy, verifiers } = await revoke(await scopeOf(alice))
    expect({ state, confirmedBy }).toEqual({ state: 'confirmed', confirmedBy: 'acknowledgement' })
    // The session service itself, the gateway and documents.
    expect(verifiers).toEqual({ total: 3, acknowledged: 3, lapsed: 0 })
    await expectProblem(await readsDocuments(alice), 401, 'unauthenticated')
    expect((await readsDocuments(otherOfAlice)).status).toBe(expected.otherOfAlice)
    expect((await readsDocuments(bob)).status).toBe(expected.bob)
    expect((await readsDocuments(carol)).status).toBe(expected.carol)
    expect((await operator.get('/v1/revocations')).status).toBe(200)
  })

  it('of a client ends the sessions of that application only', async () => {
    const alice = await system.login('alice')
    const browser = await system.openBrowser('alice')
    // The operator came with the same client: sparing the current session is what keeps the work going.
    await revoke({ type: 'client', client: 'api' }, { except_current: true })
    await expectProblem(await readsDocuments(alice), 401, 'unauthenticated')
    expect((await readsDocuments(browser)).status).toBe(200)
    expect((await operator.get('/v1/revocations')).status).toBe(200)
  })

  it('of everyone but the operator ends all the others, and everyone can log in again', async () => {
    const [alice, carol] = [await system.login('alice'), await system.login('carol')]
    await revoke({ type: 'global' }, { except_current: true })
    await expectProblem(await readsDocuments(alice), 401, 'unauthenticated')
    await expectProblem(await readsDocuments(carol), 401, 'unauthenticated')
    expect((await operator.get('/v1/sessions')).status).toBe(200)
    expect((await readsDocuments(await system.login('alice'))).status).toBe(200)
  })

  it('that is sent twice with one Idempotency-Key happens once', async () => {
    const key = randomUUID()
    const send = async (reason: string): Promise<Response> =>
      operator.request('POST', '/v1/revocations', {
        json: { scope: { type: 'user', tenant: 'acme', user: 'alice' }, reason },
        headers: { 'idempotency-key': key },
      })
    const first = (await (await send('stolen')).json()) as Revocation
    const alice = await system.login('alice')
    const second = (await (await send('stolen')).json()) as Revocation
    expect(second.revocation).toEqual(first.revocation)
    expect((await readsDocuments(alice)).status).toBe(200)
    await expectProblem(await send('something else'), 422, 'idempotency-key-reused')
  })

  it('is no business of people without the permission', async () => {
    const alice = (await system.login('alice')).at(system.services.session.url)
    const response = await alice.post('/v1/revocations', {
      scope: { type: 'global' },
      reason: 'because I can',
    })
    await expectProblem(response, 403, 'forbidden')
    const anyone = await fetch(new URL('/v1/revocations', system.services.session.url))
    await expectProblem(anyone, 401, 'unauthenticated')
  })

  it('can be looked up with its scope, reason, actor and position', async () => {
    const { revocation } = await revoke({ type: 'user', tenant: 'globex', user: 'carol' })
    const found = await expectJson<{ revocation: object }>(
      await operator.get(`/v1/revocations/${revocation.id}`),
      200,
    )
    expect(found.revocation).toMatchObject({
      id: revocation.id,
      position: revocation.position,
      scope: { type: 'user', tenant: 'globex', user: 'carol' },
      reason: 'a test',
      actor: 'curfew/operator',
    })
  })
})

describe('logins that race a revocation', () => {
  it('never leave a session that was begun before it and works after it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [logins] = await Promise.all([
        Promise.allSettled(Array.from({ length: 6 }, () => system.login('alice'))),
        revoke({ type: 'user', tenant: 'acme', user: 'alice' }),
      ])
      const { revocation } = await revoke({ type: 'user', tenant: 'acme', user: 'alice' })
      expect(revocation.position).toMatch(/^\d{6}\.\d{16}$/)
      for (const login of logins) {
        if (login.status === 'fulfilled') expect((await readsDocuments(login.value)).status).toBe(401)
      }
    }
    expect((await readsDocuments(await system.login('alice'))).status).toBe(200)
  })
})
