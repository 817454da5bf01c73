import type { GatewayEvent } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { expectJson, expectProblem, type BearerClient } from '@curfew/test-kit'
import { jetstreamManager } from '@nats-io/jetstream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { postForm } from './forms.ts'
import { BACKEND, setStage, until, type Replica, type Stage } from './stage.ts'
import { eventsOf, record, verificationOf } from './trail.ts'

let stage: Stage
beforeEach(async () => {
  stage = await setStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const EVENT = { type: 'login.refused', actor: 'anonymous', outcome: 'refused' } as const

describe('while NATS is away', () => {
  it('events are kept and follow when it is back', async () => {
    const replica = await stage.start({}, { refusalWindowMs: 200 })
    const operator = replica.as(await stage.login('curfew/operator'))
    await stage.servers.nats.kill('SIGKILL')
    const wrong = { ...BACKEND, secret: 'wrong' }
    for (let n = 0; n < 5; n++)
      expect((await postForm(replica, '/revoke', { fields: { token: 'x' }, client: wrong })).status).toBe(401)
    await expect(record(stage, EVENT)).rejects.toThrow('record-event')
    await stage.servers.nats.restart()
    await stage.reconnected()
    await until('all are there', async () => {
      const told = await eventsOf(operator, { type: 'client.refused' })
      return told.reduce((sum, { count }) => sum + Number(count ?? 1), 0) === 5
    })
    expect(await verificationOf(operator)).toMatchObject({ intact: true })
  })
})

describe('a trail that fills', () => {
  it('takes no more of strangers first, then of users, and operators act recorded until it is full', async () => {
    const replica = await stage.start({ SESSION_AUDIT_MAX_MEGABYTES: '1' })
    const operator = replica.as(await stage.login('curfew/operator'))
    const bob = await stage.login('acme/bob')

    await fillWith(replica, EVENT)
    expect(await fullnessOf(replica)).toBeCloseTo(0.5, 1)
    expect(replica.lines.findLast((line) => line.includes('"audit.room"'))).toContain('["stranger"]')
    const { session } = await stage.login('acme/alice')
    expect(await eventsOf(operator, { session: session.id })).toHaveLength(1)

    await fillWith(replica, { type: 'login.succeeded', actor: 'acme/alice', outcome: 'done' })
    expect(await fullnessOf(replica)).toBeCloseTo(0.8, 1)
    const unseen = await stage.login('acme/alice')
    expect(await eventsOf(operator, { session: unseen.session.id })).toEqual([])
    await expectJson(await operator.put('/v1/subjects/acme/dora/grants', VIEWER), 200)
    expect(await eventsOf(operator, { user: 'dora', type: 'grants' })).toHaveLength(1)
    expect(await readinessOf(replica)).toMatchObject({ status: 'ready', checks: { audit: 'ok' } })

    await resizeTrail((usedBytes) => usedBytes)
    await until('it is known', async () => (await readinessOf(replica)).status === 'degraded')
    expect(await readinessOf(replica)).toMatchObject({ code: 200, checks: { audit: 'full' } })
    expect(replica.lines.findLast((line) => line.includes('"audit.room"'))).toMatch(
      /"level":"error".*"operator"/,
    )
    await expectActsThatGivePowerRefused(operator)
    await expectActsThatTakePowerDone(operator)
    expect(await stage.statusOf(unseen)).toBe('revoked')
    expect([await stage.statusOf(bob), await stage.statusOf(await stage.login('acme/chief'))]).toEqual([
      'live',
      'live',
    ])

    await resizeTrail((usedBytes) => 2 * usedBytes)
    await until('it has recovered', async () => (await readinessOf(replica)).status === 'ready')
    await until('what was done meanwhile is there', async () => (await metricOf(replica, BACKLOG)) === 0)
    const acts = await eventsOf(operator, { actor: 'curfew/operator' })
    expect(acts.map(({ type }) => type).slice(0, 4)).toEqual([
      'revocation.recorded',
      'suspension.begun',
      'role.changed',
      'grants.changed',
    ])
    await expectJson(await operator.put('/v1/subjects/acme/dora/grants', EDITOR), 200)
    const [lost] = await eventsOf(operator, { type: 'audit.lost' })
    expect(lost).toMatchObject({ effect: expect.stringMatching(/^\d+ events are not in the trail$/) })
    expect(await verificationOf(operator)).toMatchObject({ intact: true })
  })
})

const VIEWER = { roles: ['viewer'], permissions: [] }
const EDITOR = { roles: ['editor'], permissions: [] }
const LOST = 'curfew_audit_events_total\\{[^}]*outcome="lost"[^}]*\\}'
const BACKLOG = 'curfew_audit_backlog_events\\{[^}]*\\}'

/** Nothing is lost before the share is used up, and nothing is stored after it. */
async function fillWith(replica: Replica, event: GatewayEvent): Promise<void> {
  const reason = 'x'.repeat(500)
  const before = await metricOf(replica, LOST)
  await until(
    `${event.type} is not taken any more`,
    async () => {
      await Promise.all(Array.from({ length: 100 }, () => record(stage, { ...event, reason })))
      return (await metricOf(replica, LOST)) >= before + 100
    },
    30_000,
  )
}

async function metricOf(replica: Replica, name: string): Promise<number> {
  const metrics = await (await fetch(`${replica.operationsUrl}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])
}

async function fullnessOf(replica: Replica): Promise<number> {
  const [used, most] = ['curfew_audit_bytes', 'curfew_audit_bytes_max'].map((name) => `${name}\\{[^}]*\\}`)
  return (await metricOf(replica, used ?? '')) / (await metricOf(replica, most ?? ''))
}

interface Readiness {
  readonly code: number
  readonly status: string
  readonly checks: Readonly<Record<string, string>>
}

async function readinessOf(replica: Replica): Promise<Readiness> {
  const response = await fetch(`${replica.operationsUrl}/readyz`)
  return { code: response.status, ...((await response.json()) as Omit<Readiness, 'code'>) }
}

/** As an administrator of NATS makes room, or somebody takes it away. */
async function resizeTrail(toBytes: (usedBytes: number) => number): Promise<void> {
  const nc = await connectMessaging({ url: stage.servers.natsUrl('admin'), name: 'test-administrator' })
  try {
    const manager = await jetstreamManager(nc)
    const { state } = await manager.streams.info('CURFEW_AUDIT')
    await manager.streams.update('CURFEW_AUDIT', { max_bytes: toBytes(state.bytes) })
  } finally {
    await nc.close()
  }
}

async function expectActsThatGivePowerRefused(operator: BearerClient): Promise<void> {
  const refused = [
    await operator.put('/v1/subjects/acme/dora/grants', EDITOR),
    await operator.put('/v1/tenants/acme/roles/viewer', { permissions: ['documents:write'] }),
    await operator.post('/v1/subjects/acme/dora/resume'),
    await operator.post('/v1/tenants/acme/resume'),
  ]
  for (const response of refused) {
    expect(response.headers.get('retry-after')).toBe('30')
    await expectProblem(response, 503, 'audit-unavailable')
  }
  const grants = await expectJson(await operator.get('/v1/subjects/acme/dora/grants'), 200)
  expect(grants).toMatchObject(VIEWER)
}

async function expectActsThatTakePowerDone(operator: BearerClient): Promise<void> {
  const startedAt = performance.now()
  await expectJson(await operator.put('/v1/subjects/acme/dora/grants', { roles: [], permissions: [] }), 200)
  await expectJson(await operator.put('/v1/tenants/acme/roles/viewer', { permissions: [] }), 200)
  await expectJson(await operator.post('/v1/subjects/acme/dora/suspend'), 200)
  await expectJson(await stage.revokeUser(operator, 'alice'), 200)
  expect(performance.now() - startedAt).toBeLessThan(4_000)
}

describe('an event', () => {
  it('is gone when its time is over, and the trail is not blamed for it', async () => {
    const replica = await stage.start({ SESSION_AUDIT_RETENTION_SECONDS: '2' })
    const operator = replica.as(await stage.login('curfew/operator'))
    await record(stage, { ...EVENT, reason: 'short-lived' })
    expect((await eventsOf(operator)).some(({ reason }) => reason === 'short-lived')).toBe(true)
    await until('it is gone', async () => (await eventsOf(operator)).length === 0)
    await record(stage, { ...EVENT, reason: 'later' })
    expect((await eventsOf(operator)).map(({ reason }) => reason)).toEqual(['later'])
    expect(await verificationOf(operator)).toMatchObject({ intact: true })
  })

  it('that was answered survives the process that answered', async () => {
    const first = await stage.start()
    await stage.start()
    const { session } = await stage.login('acme/alice')
    await stage.stop(first)
    const [second] = stage.replicas
    const operator = second?.as(await stage.login('curfew/operator'))
    if (operator === undefined) throw new Error('no second replica')
    expect(await eventsOf(operator, { session: session.id })).toHaveLength(1)
  })
})
