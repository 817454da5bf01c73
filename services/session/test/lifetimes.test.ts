import type { SessionId } from '@curfew/contracts'
import { expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { DOCUMENTS, TestVerifier, relayTokenIn, rotate } from './rotating.ts'
import { setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'

const clock = new TestClock()
let stage: Stage
let replica: Replica
let gateway: TestVerifier
let documents: TestVerifier
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start(
    {
      SESSION_IDLE_TIMEOUT_SECONDS: '60',
      SESSION_ABSOLUTE_TIMEOUT_SECONDS: '600',
      SESSION_AAL2_ABSOLUTE_TIMEOUT_SECONDS: '86400',
      SESSION_AAL3_IDLE_TIMEOUT_SECONDS: '2',
      SESSION_AAL3_ABSOLUTE_TIMEOUT_SECONDS: '4',
      SESSION_MAX_PER_USER: '7',
    },
    { clock },
  )
  gateway = await TestVerifier.start(stage)
  documents = await TestVerifier.start(stage, DOCUMENTS)
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await documents[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

interface Deadlines {
  readonly authTime: string
  readonly idleExpiresAt: string
  readonly expiresAt: string
}
const deadlinesOf = async (id: SessionId): Promise<Deadlines> => {
  const [resolved] = await stage.resolve([id])
  if (resolved?.status !== 'live') throw new Error('not live')
  const { authTime, idleExpiresAt, expiresAt } = resolved.session
  return { authTime, idleExpiresAt, expiresAt }
}
const secondsBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1_000

describe('the limits', () => {
  it('in force can be read by operators, at every level the stricter', async () => {
    const reader = replica.as(await stage.login('acme/reader'))
    const limits = await expectJson(await reader.get('/v1/limits'), 200)
    expect(limits).toEqual({
      levels: {
        aal1: { idle_timeout_seconds: 60, absolute_timeout_seconds: 600 },
        aal2: { idle_timeout_seconds: 60, absolute_timeout_seconds: 600 },
        aal3: { idle_timeout_seconds: 2, absolute_timeout_seconds: 4 },
      },
      max_sessions_per_user: 7,
      rotation_overlap_seconds: 10,
      recent_authentication_seconds: 900,
    })
    await expectProblem(await replica.as(await stage.login('acme/alice')).get('/v1/limits'), 403, 'forbidden')
  })

  it.each([
    ['aal1', 60, 600],
    ['aal2', 60, 600],
    ['aal3', 2, 4],
    ['no level at all', 60, 600],
  ])('of %s are what a session begins with', async (acr, idle, absolute) => {
    const { session } = await stage.login('acme/alice', { acr })
    expect([
      secondsBetween(session.createdAt, session.idleExpiresAt),
      secondsBetween(session.createdAt, session.expiresAt),
    ]).toEqual([idle, absolute])
  })

  it('are moved by traffic (the idle one), by a re-authentication (both), and by nothing else', async () => {
    const created = await stage.login('acme/mover')
    const { id } = created.session
    const first = await deadlinesOf(id)
    clock.aheadMs += 10_000
    const afterTraffic = await deadlinesOf(id)
    expect(secondsBetween(first.idleExpiresAt, afterTraffic.idleExpiresAt)).toBeGreaterThanOrEqual(10)
    expect(afterTraffic.expiresAt).toBe(first.expiresAt)
    const rotated = await rotate(stage, created)
    expect(rotated.session).toMatchObject({ authTime: first.authTime, expiresAt: first.expiresAt })
    const operator = replica.as(await stage.login('curfew/operator'))
    const grants = { roles: [], permissions: ['moved:yes'] }
    await expectJson(await operator.put('/v1/subjects/acme/mover/grants', grants), 200)
    const afterGrants = await deadlinesOf(id)
    expect([afterGrants.authTime, afterGrants.expiresAt]).toEqual([first.authTime, first.expiresAt])
    clock.aheadMs += 10_000
    const renewed = await rotate(stage, rotated, { authentication: { acr: 'aal1', amr: ['pwd'] } })
    expect(secondsBetween(first.expiresAt, renewed.session.expiresAt)).toBeGreaterThanOrEqual(20)
    expect(secondsBetween(first.authTime, renewed.session.authTime)).toBeGreaterThanOrEqual(20)
    clock.aheadMs = 0
  })

  it('of a level that is reached later apply from then on, whatever the traffic', async () => {
    const created = await stage.login('acme/raised')
    const raised = await rotate(stage, created, { authentication: { acr: 'aal3', amr: ['hwk'] } })
    const startedMs = performance.now()
    let lastAdmittedMs = 0
    await until('it has ended', async () => {
      const isAdmitted = (await gateway.verdictOn(raised.token)) === 'admitted'
      if (isAdmitted) lastAdmittedMs = performance.now() - startedMs
      return !isAdmitted
    })
    // Kept alive beyond the idle limit, and not beyond the absolute one.
    expect(lastAdmittedMs).toBeGreaterThan(2_500)
    expect(lastAdmittedMs).toBeLessThanOrEqual(4_000)
  })
})

describe('with nobody to tell them', () => {
  async function bothRemember(created: Created): Promise<void> {
    await gateway.remembers(created)
    await documents.remembers({ token: relayTokenIn(created.token) })
  }
  const bothSay = async (created: Created) => [
    await gateway.verdictOn(created.token),
    await documents.verdictOn(relayTokenIn(created.token)),
  ]

  it('verifiers that remember a session end it at its idle limit', async () => {
    const created = await stage.login('acme/alice', { acr: 'aal3' })
    await bothRemember(created)
    const deadlineMs = performance.now() + 2_000
    await until('the limit has passed', () => performance.now() > deadlineMs + 50)
    for (const verdict of await bothSay(created)) expect(['expired', 'unknown']).toContain(verdict)
  })

  it('and at its absolute limit while NATS answers nobody', async () => {
    const created = await stage.login('acme/alice', { acr: 'aal3' })
    await bothRemember(created)
    const deadlineMs = performance.now() + 4_000
    await stage.servers.nats.kill('SIGSTOP')
    try {
      await until('the limit has passed', () => performance.now() > deadlineMs)
      expect(await bothSay(created)).toEqual(['expired', 'expired'])
    } finally {
      await stage.servers.nats.kill('SIGCONT')
    }
    await stage.reconnected()
    expect(await bothSay(created)).not.toContain('admitted')
  })
})

it('how long ago somebody authenticated is said without a clock of the asker’s', async () => {
  const created = await stage.login('acme/alice')
  clock.aheadMs += 30_000
  const [resolved] = await stage.resolve([created.session.id])
  clock.aheadMs = 0
  if (resolved?.status !== 'live') throw new Error('not live')
  expect(resolved.authAgeMs).toBeGreaterThanOrEqual(30_000)
  expect(resolved.authAgeMs).toBeLessThan(40_000)
  const [ahead] = await stage.resolve([created.session.id])
  expect(ahead?.status === 'live' && ahead.authAgeMs).toBeLessThan(10_000)
})
