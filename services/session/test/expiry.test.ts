import { expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'
import { eventsOf } from './trail.ts'

const clock = new TestClock()
let stage: Stage
let replicas: Replica[]
beforeAll(async () => {
  stage = await setStage()
  const env = {
    SESSION_IDLE_TIMEOUT_SECONDS: '600',
    SESSION_ABSOLUTE_TIMEOUT_SECONDS: '43200',
    SESSION_AAL3_IDLE_TIMEOUT_SECONDS: '60',
    SESSION_AAL3_ABSOLUTE_TIMEOUT_SECONDS: '60',
  }
  replicas = await Promise.all([stage.start(env, { clock }), stage.start(env, { clock })])
})
afterAll(async () => stage[Symbol.asyncDispose]())

const asOperator = async () => (replicas[0] as Replica).as(await stage.login('curfew/operator'))

async function expiriesOf({ session }: Created): Promise<unknown[]> {
  const events = await eventsOf(await asOperator(), { session: session.id })
  return events
    .filter(({ type }) => type === 'session.expired')
    .map(({ actor, tenant, user, client, reason }) => ({ actor, tenant, user, client, reason }))
}

const linesAbout = ({ session }: Created): number =>
  replicas
    .flatMap(({ lines }) => lines)
    .filter((line) => line.includes('"event":"session.expired"') && line.includes(session.id)).length

const isListedOfUser = ({ id, tenant, user }: Created['session']) =>
  stage.redis.hexists(`curfew:user:${tenant}/${user}`, id)

it('a session that reaches a limit is said to have, once, by whichever of two replicas; one that was ended is not', async () => {
  const idle = await stage.login('acme/idle')
  const absolute = await stage.login('acme/absolute', { acr: 'aal3' })
  const suspended = await stage.login('acme/suspended', { acr: 'aal3' })
  const [loggedOut, revoked] = [await stage.login('acme/out'), await stage.login('acme/revoked')]
  await stage.logout(loggedOut)
  await stage.revokeUser(await asOperator(), 'revoked')
  await expectJson(await (await asOperator()).post('/v1/subjects/acme/suspended/suspend'), 200)
  const kept = await stage.login('acme/kept')

  clock.aheadMs += 300_000
  expect(await stage.statusOf(kept)).toBe('live')
  clock.aheadMs += 320_000
  const about = { actor: 'system', tenant: 'acme', client: 'cli' }
  const events = [
    [idle, { ...about, user: 'idle', reason: 'idle limit' }],
    [absolute, { ...about, user: 'absolute', reason: 'absolute limit' }],
    [suspended, { ...about, user: 'suspended', reason: 'absolute limit' }],
  ] as const
  for (const [created, event] of events) {
    await until('it is told', async () => (await expiriesOf(created)).length > 0)
    expect(await expiriesOf(created)).toEqual([event])
    expect(linesAbout(created)).toBe(1)
  }
  for (const created of [loggedOut, revoked, kept]) expect(await expiriesOf(created)).toEqual([])
  expect(await stage.statusOf(kept)).toBe('live')
  // What asks about it later hears of it, and says nothing new.
  expect(await stage.statusOf(idle)).not.toBe('live')
  const index = (await stage.redis.keys('curfew:session-index:*')).map((key) =>
    stage.redis.zrange(key, '0', '-1'),
  )
  const listed = (await Promise.all(index)).flat()
  for (const { session } of [idle, absolute, suspended, loggedOut, revoked])
    expect(listed).not.toContain(session.id)
  expect(listed).toContain(kept.session.id)
  for (const { session } of [idle, absolute, suspended, loggedOut, revoked])
    expect(await isListedOfUser(session)).toBe(0)
  expect(await isListedOfUser(kept.session)).toBe(1)
})
