import { type BearerClient, EventReader, expectJson, expectProblem } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { TestMember } from './members.ts'
import { ENV } from './operating.ts'
import { setStage, until, type Created, type Replica, type Stage } from './stage.ts'

let stage: Stage
let one: Replica
let operator: Created
let by: BearerClient
beforeEach(async () => {
  stage = await setStage()
  one = await stage.start(ENV)
  operator = await stage.login('curfew/operator')
  by = one.as(operator)
})
afterEach(() => stage[Symbol.asyncDispose]())

const ALICE = { type: 'user', tenant: 'acme', user: 'alice' }

interface Recorded {
  readonly revocation: { readonly id: string; readonly position: string }
  readonly position: string
  readonly verifiers: { readonly id: string; readonly service: string; readonly host: string }[]
}

async function streamed(
  client: BearerClient,
  json: unknown,
  { method = 'POST', path = '/v1/revocations', headers = {} } = {},
): Promise<EventReader> {
  const accept = { accept: 'text/event-stream' }
  const response = await client.request(method, path, { json, headers: { ...accept, ...headers } })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  return new EventReader(response)
}

describe('a revocation that is looked on', () => {
  it('is told member by member, and ends with the ordinary answer', async () => {
    await using member = await new TestMember(stage.gateway).join()
    const headers = { 'idempotency-key': 'looked-on' }
    const json = { scope: ALICE, reason: 'test' }
    const stream = await streamed(by, json, { headers })
    await stream.ended
    const [recorded] = stream.of<Recorded>('recorded')
    expect(stream.names[0]).toBe('recorded')
    expect(recorded?.verifiers).toHaveLength(2)
    expect(recorded?.verifiers).toContainEqual({ id: member.id, service: 'gateway', host: 'test' })
    expect(recorded?.revocation).toMatchObject({ position: recorded?.position, scope: ALICE })
    const acknowledged = stream.of<{ verifier: string; elapsed_ms: number }>('acknowledged')
    expect(acknowledged).toContainEqual(expect.objectContaining({ verifier: member.id, service: 'gateway' }))
    expect(acknowledged).toHaveLength(2)
    const result = stream.events.at(-1)
    expect(result).toMatchObject({ event: 'result', data: { state: 'confirmed', recorded: true } })

    const again = await by.request('POST', '/v1/revocations', { json, headers })
    const { elapsed_ms: _, ...answer } = await expectJson<Record<string, unknown>>(again, 200)
    expect(result?.data).toMatchObject(answer)
  })

  it('is told of whom it waited out, and by whom it was heard after all', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const lapsing = await streamed(by, { scope: ALICE, reason: 'test' })
    await lapsing.ended
    expect(lapsing.of('lapsed')).toEqual([
      expect.objectContaining({ verifier: silent.id, service: 'gateway' }),
    ])
    expect(lapsing.events.at(-1)?.data).toMatchObject({
      confirmed_by: 'lease-expiry',
      verifiers: { total: 2, acknowledged: 1, lapsed: 1 },
    })
  })

  it('repeated with its key is the same revocation, looked on again or not', async () => {
    const headers = { 'idempotency-key': 'once' }
    const json = { scope: ALICE, reason: 'test' }
    const first = await expectJson<Recorded>(
      await by.request('POST', '/v1/revocations', { json, headers }),
      200,
    )
    const again = await streamed(by, json, { headers })
    await again.ended
    expect(again.of<Recorded>('recorded')[0]?.revocation).toEqual(first.revocation)
    expect(again.of<Recorded>('result')[0]?.revocation).toEqual(first.revocation)
    const other = {
      json: { ...json, reason: 'another' },
      headers: { ...headers, accept: 'text/event-stream' },
    }
    const misused = await by.request('POST', '/v1/revocations', other)
    await expectProblem(misused, 422, 'idempotency-key-reused')
  })

  it('goes on when the one who looked on has left', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const gone = new AbortController()
    const response = await by.request('POST', '/v1/revocations', {
      json: { scope: ALICE, reason: 'seen to its end' },
      headers: { accept: 'text/event-stream' },
      signal: gone.signal,
    })
    const stream = new EventReader(response)
    await until('it is recorded', () => stream.names.includes('recorded'))
    gone.abort()
    const { revocation } = stream.of<Recorded>('recorded')[0] as Recorded
    await until('it is confirmed without its onlooker', async () => {
      const found = await by.get(`/v1/revocations/${revocation.id}`)
      return (await expectJson<{ state: string }>(found, 200)).state === 'confirmed'
    })
    expect(await one.isReady()).toBe(true)
    expect(silent.id).toBeDefined()
  })

  it('is refused like any other before anything is recorded', async () => {
    const chief = one.as(await stage.login('acme/chief'))
    const json = { scope: { type: 'global' }, reason: 'test' }
    const headers = { accept: 'text/event-stream' }
    await expectProblem(await chief.request('POST', '/v1/revocations', { json, headers }), 403, 'forbidden')
    const blank = { json: { scope: ALICE, reason: ' ' }, headers }
    await expectProblem(await by.request('POST', '/v1/revocations', blank), 400, 'bad-request')
  })

  it.each([
    ['PUT', '/v1/subjects/acme/bob/grants', { roles: ['viewer'], permissions: [] }],
    ['PUT', '/v1/tenants/acme/roles/viewer', { permissions: ['documents:read'] }],
    ['POST', '/v1/subjects/acme/bob/suspend', { reason: 'test' }],
    ['POST', '/v1/tenants/acme/suspend', { reason: 'test' }],
  ])('so can other changes be: %s %s', async (method, path, json) => {
    const stream = await streamed(by, json, { method, path })
    await stream.ended
    expect(stream.names).toEqual(['recorded', 'acknowledged', 'result'])
    const [result] = stream.of<Recorded>('result')
    expect(result).toMatchObject({
      state: 'confirmed',
      position: stream.of<Recorded>('recorded')[0]?.position,
    })
  })
})
