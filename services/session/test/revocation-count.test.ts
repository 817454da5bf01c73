import { expectJson, type BearerClient } from '@curfew/test-kit'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { setStage, type Stage } from './stage.ts'
import { eventsOf } from './trail.ts'

let stage: Stage
let operator: BearerClient
beforeAll(async () => {
  stage = await setStage()
  const replica = await stage.start()
  operator = replica.as(await stage.login('curfew/operator'))
})
afterAll(() => stage[Symbol.asyncDispose]())

interface Revoked {
  readonly revocation: { readonly id: string }
  readonly ended: unknown
}

const revoke = async (scope: object, key: string): Promise<Revoked> => {
  const request = { json: { scope, reason: 'leak' }, headers: { 'idempotency-key': key } }
  return expectJson(await operator.request('POST', '/v1/revocations', request), 200)
}

const shown = async ({ revocation }: Revoked): Promise<unknown> =>
  expectJson(await operator.get(`/v1/revocations/${revocation.id}`), 200)

it('a revocation of many says afterwards how many sessions it ended, also to whom it is repeated', async () => {
  for (const user of ['carol', 'carol', 'dave']) await stage.login(`globex/${user}`)
  const scope = { type: 'tenant', tenant: 'globex' }
  const first = await revoke(scope, 'many')
  expect(first).toMatchObject({ ended: null, target_known: true })
  const ended = { sessions: 3, exact: true, at_most: 3 }
  await vi.waitFor(async () => expect(await shown(first)).toMatchObject({ ended, target_known: true }))
  await stage.login('globex/carol')
  expect(await revoke(scope, 'many')).toMatchObject({ ended, target_known: true })
  expect(await revoke({ type: 'tenant', tenant: 'globbex' }, 'typo')).toMatchObject({ target_known: false })
  const again = await revoke(scope, 'again')
  await vi.waitFor(async () => expect(await shown(again)).toMatchObject({ ended: { sessions: 1 } }))
})

it('what a revocation of many has ended is not in the index any more, whose size limits later counts', async () => {
  const sizes = async (): Promise<number> => {
    const keys = await stage.redis.keys('curfew:session-index:*')
    const counts = await Promise.all(keys.map((key) => stage.redis.zcard(key)))
    return counts.reduce((sum, each) => sum + each, 0)
  }
  const before = await sizes()
  for (let logins = 0; logins < 5; logins++) await stage.login('initech/erin')
  expect(await sizes()).toBe(before + 5)
  const revoked = await revoke({ type: 'tenant', tenant: 'initech' }, 'initech')
  await vi.waitFor(async () => expect(await shown(revoked)).toMatchObject({ ended: { sessions: 5 } }))
  expect(await sizes()).toBe(before)
})

it('a revocation of a user says at once how many sessions it ended, and that nobody of that name is known', async () => {
  const alice = { type: 'user', tenant: 'acme', user: 'alice' }
  await stage.login('acme/alice')
  const one = { ended: { sessions: 1, exact: true, at_most: 1 }, target_known: true }
  const none = { sessions: 0, exact: true, at_most: 0 }
  const first = await revoke(alice, 'alice')
  expect(first).toMatchObject(one)
  // A repetition ends nothing: it is told what the first one did.
  for (const told of [await revoke(alice, 'alice'), await shown(first)]) expect(told).toMatchObject(one)
  expect(await revoke(alice, 'alice again')).toMatchObject({ ended: none, target_known: true })
  const typo = { type: 'user', tenant: 'acme', user: 'alcie' }
  const unknown = await revoke(typo, 'alcie')
  expect(unknown).toMatchObject({ state: 'confirmed', ended: none, target_known: false })
})

it('a revocation of many is in the trail when it is answered, and how many it ended is told afterwards', async () => {
  for (let logins = 0; logins < 3; logins++) await stage.login('globex/carol')
  const headers = { 'x-request-id': 'trace-tenant' }
  const json = { scope: { type: 'tenant', tenant: 'globex' }, reason: 'leak' }
  await expectJson(await operator.request('POST', '/v1/revocations', { json, headers }), 200)
  const common = { actor: 'curfew/operator', reason: 'leak', tenant: 'globex', outcome: 'done' }
  const recorded = { ...common, type: 'revocation.recorded', request_id: 'trace-tenant' }
  expect(await eventsOf(operator, { request_id: 'trace-tenant' })).toContainEqual(
    expect.objectContaining({
      ...recorded,
      effect: expect.stringMatching(/^scope tenant, confirmed by 1 of 1, rev_/),
    }),
  )
  await vi.waitFor(async () =>
    expect(await eventsOf(operator, { request_id: 'trace-tenant' })).toContainEqual(
      expect.objectContaining({
        ...recorded,
        type: 'revocation.counted',
        effect: expect.stringMatching(/^scope tenant, 3 sessions ended, rev_/),
      }),
    ),
  )
})
