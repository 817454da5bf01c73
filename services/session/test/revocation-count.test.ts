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
