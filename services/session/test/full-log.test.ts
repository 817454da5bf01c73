import { randomUUID } from 'node:crypto'

import { newSessionId, subjectOfEntry, type LogEntry } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { expectJson, expectProblem, type BearerClient } from '@curfew/test-kit'
import { JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { TestMember } from './members.ts'
import { rotate, tryRotate } from './rotating.ts'
import { BACKEND, setStage, until, type Created, type Replica, type Stage } from './stage.ts'

const STREAM = 'CURFEW_1'
/** infra/nats/nats.conf gives the account two, and the trail sets one aside. */
const GIBIBYTE = 1_024 ** 3
const MAX_PER_USER = 4

let stage: Stage
let replica: Replica
let nc: NatsConnection
let manager: JetStreamManager
let api: BearerClient
/** Each test has one session to end. */
let sessions: Created[]
/** An operator of one tenant, whose session each test steps up. */
let chief: Created
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start({ SESSION_MAX_PER_USER: String(MAX_PER_USER) })
  nc = await connectMessaging({ url: stage.servers.natsUrl('admin'), name: 'admin' })
  manager = await jetstreamManager(nc)
  api = replica.as(await stage.login('curfew/operator'))
  const users = ['acme/alice', 'acme/alice', 'acme/alice', 'acme/carl']
  sessions = await Promise.all(users.map((who) => stage.login(who)))
  chief = await stage.login('acme/chief')
  await fill()
})
afterAll(async () => {
  await nc.close()
  await stage[Symbol.asyncDispose]()
})

it('the room of a log without a limit of its own is what its account leaves beside the audit trail', async () => {
  expect(await gauge('log_max_bytes')).toBe(GIBIBYTE)
  expect(await gauge('log_bytes')).toBeLessThan(GIBIBYTE / 100)
})

describe('while the log is filling up, one after the other', () => {
  it('users cannot step up any more while they can still log in, and operators can do both', async () => {
    const alice = sessions[0] as Created
    await takes(0.81)
    await until('it is told', () => toldOf('log.room').at(-1)?.['state'] === 'rotations-refused')
    expect(await tryRotate(stage, alice)).toEqual({ outcome: 'no-room' })
    expect(await begins('acme/bob')).toBe(true)
    await stepUp()
    expect(toldOf('log.room').at(-1)).toMatchObject({ level: 'error' })
  })

  it('users cannot log in any more when there is still room for every end, and operators can', async () => {
    const alice = sessions[0] as Created
    await takes(0.86)
    await until('nobody else begins a session', async () => !(await begins('acme/bob')))
    const refused = await fetch(`${replica.url}/v1/sessions`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${BACKEND.id}:${BACKEND.secret}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ tenant: 'acme', user: 'bob' }),
    })
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    await expectProblem(refused, 503, 'log-full')
    for (const operator of ['acme/chief', 'acme/granter', 'acme/reader'])
      expect(await begins(operator)).toBe(true)

    expect(await stage.statusOf(alice)).toBe('live')
    await expectJson(await grant('bob'), 200)
    await expectJson(await revoke('bob'), 200)
    expect(await stage.logout(alice)).toBe('confirmed')
    expect(await replica.isReady()).toBe(true)
    expect((await gauge('log_bytes')) / (await gauge('log_max_bytes'))).toBeGreaterThanOrEqual(0.85)
    expect(toldOf('log.room').at(-1)).toMatchObject({ level: 'error', state: 'reserved' })
  })

  it('rights are not changed and verifiers do not join beyond that, and everything that ends sessions goes on', async () => {
    const alice = sessions[1] as Created
    await using before = await new TestMember(stage.gateway).join()
    await takes(0.96)
    await until('grants are refused', async () => (await grant('bob')).status === 503)
    await expectProblem(await grant('bob'), 503, 'log-full')
    await expectProblem(await api.put('/v1/tenants/acme/roles/viewer', { permissions: [] }), 503, 'log-full')
    await expect(new TestMember(stage.gateway).join()).rejects.toThrow('log-full')
    expect(await tryRotate(stage, alice)).toEqual({ outcome: 'no-room' })
    await stepUp()
    expect(await before.renew()).toMatchObject({ outcome: 'granted' })
    expect(await stage.statusOf(alice)).toBe('live')
    await expectJson(await api.post('/v1/subjects/acme/bob/suspend', { reason: 'test' }), 200)
    await expectJson(await revoke('bob'), 200)
    expect(await stage.logout(alice)).toBe('confirmed')
    await before.leave()
  })

  it('its last room is for operators: one session is not ended any more, quickly said, and a user is', async () => {
    const alice = sessions[2] as Created
    await takes(0.982)
    await until('it is degraded', async () => (await readiness()).status === 'degraded')
    // All replicas share the log: taken out of service for it, none would be left for the operators.
    expect(await readiness()).toMatchObject({ checks: { room: expect.stringContaining('the log is full') } })
    expect(await replica.isReady()).toBe(true)
    const startedAt = performance.now()
    await expect(stage.logout(alice)).rejects.toMatchObject({ code: 'unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    expect(await stage.statusOf(alice)).toBe('live')
    // More than a user may have: none can be ended, so each of them stays until there is room again.
    for (let count = 0; count <= MAX_PER_USER; count += 1) expect(await begins('acme/chief')).toBe(true)
    await stepUp()
    const operator = replica.as(chief)
    await expectJson(await stage.revokeUser(operator, 'alice'), 200)
    expect(await stage.statusOf(alice)).toBe('revoked')
  })

  it('the end of it is for revocations alone: operators who are in can revoke, and nobody logs in or steps up', async () => {
    await takes(0.987)
    await until('operators do not log in', async () => !(await begins('acme/chief')))
    expect(await tryRotate(stage, chief)).toEqual({ outcome: 'no-room' })
    await expectProblem(await stage.revokeUser(replica.as(chief), 'invented'), 503, 'log-full')
    await expectJson(await revoke('chief'), 200)
    expect(await stage.statusOf(chief)).toBe('revoked')
  })
})

describe('a log that takes nothing more', () => {
  it('says of a revocation at once that it is not stored, lets nobody in, and goes on by itself when there is room', async () => {
    const carl = sessions[3] as Created
    await fillUp()
    const asked = { json: { scope: { type: 'global' }, reason: 'test' }, headers: { 'idempotency-key': 'k' } }
    const startedAt = performance.now()
    const refused = await api.request('POST', '/v1/revocations', asked)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    await expectProblem(refused, 503, 'log-full')
    await expect(stage.logout(carl)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await begins('acme/bob')).toBe(false)
    expect(await begins('curfew/operator')).toBe(false)
    // Servers that take no barrier any more leave nobody with a lease; a verdict it is not.
    expect(['live', 'unavailable']).toContain(await stage.statusOf(carl).catch(() => 'unavailable'))

    await takes(0.5)
    await until('it is ready', async () => (await readiness()).status === 'ready')
    expect(await stage.statusOf(carl)).toBe('live')
    const stored = await api.request('POST', '/v1/revocations', asked)
    expect(await expectJson(stored, 200)).toMatchObject({ state: 'confirmed' })
    expect(await stage.statusOf(carl)).toBe('revoked')
    await stage.login('acme/carl')
    await until('it is told', () => toldOf('log.room').at(-1)?.['state'] === 'plenty')
  })
})

/** With ends of sessions that nobody has. */
async function fill(): Promise<void> {
  for (let batch = 0; batch < 5; batch += 1) {
    const entries = Array.from({ length: 200 }, () => endOfSomeSession('x'.repeat(400)))
    await Promise.all(entries.map(append))
  }
}

function append(entry: LogEntry): Promise<unknown> {
  return manager.jetstream().publish(subjectOfEntry(1, entry), JSON.stringify(entry))
}

/** Makes what is in the log this part of its room. */
async function takes(share: number): Promise<void> {
  const { config, state } = await manager.streams.info(STREAM)
  await manager.streams.update(STREAM, { ...config, max_bytes: Math.floor(state.bytes / share) })
}

/** Until the server refuses what is smaller than anything that a replica adds. */
async function fillUp(): Promise<void> {
  for (const reason of ['x'.repeat(400), 'x'])
    try {
      for (;;) await append(endOfSomeSession(reason))
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error
    }
}

function endOfSomeSession(reason: string): LogEntry {
  const scope = { type: 'session', session: newSessionId() } as const
  const head = { v: 1, id: randomUUID(), at: '', actor: 'test' } as const
  return { ...head, type: 'revoked', reason, scope }
}

async function gauge(name: string): Promise<number> {
  const metrics = await (await fetch(`${replica.operationsUrl}/metrics`)).text()
  return Number(new RegExp(`^curfew_${name}\\{service="session"\\} (\\d+)$`, 'm').exec(metrics)?.[1])
}

async function begins(who: string): Promise<boolean> {
  try {
    return (await stage.tryCreate(who)).outcome === 'created'
  } catch (error) {
    expect(error).toMatchObject({ code: 'unavailable' })
    return false
  }
}

/** As the gateway does when the operator has given the password again. */
async function stepUp(): Promise<void> {
  chief = await rotate(stage, chief, { authentication: { acr: 'aal1', amr: ['pwd'] } })
}

async function readiness(): Promise<{ status: string; checks: Record<string, string> }> {
  const answer = await fetch(`${replica.operationsUrl}/readyz`)
  return (await answer.json()) as { status: string; checks: Record<string, string> }
}

function grant(user: string): Promise<Response> {
  return api.put(`/v1/subjects/acme/${user}/grants`, { roles: [], permissions: [] })
}

function revoke(user: string): Promise<Response> {
  return stage.revokeUser(api, user)
}

function toldOf(event: string): Record<string, unknown>[] {
  return replica.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['event'] === event)
}
