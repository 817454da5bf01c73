import { randomUUID } from 'node:crypto'

import { type BearerClient, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { EpochStage } from './epoch-stage.ts'
import { until, type Replica } from './stage.ts'
import { eventsOf } from './trail.ts'

const ME = ['--user', 'operator', '--reason', 'nobody is left']

let stage: EpochStage
let replica: Replica
beforeAll(async () => {
  stage = await EpochStage.set()
  replica = await stage.start()
})
afterAll(() => stage[Symbol.asyncDispose]())

/** As a log may say that is from before the last operator was kept, or that somebody with its credentials has written. */
async function state(...entries: object[]): Promise<void> {
  await stage.administrate(async (jsm) => {
    for (const entry of entries) {
      const { type, tenant, user } = entry as { type: string; tenant: string; user?: string }
      const names = user === undefined ? ['tenant', tenant] : ['user', tenant, user]
      const entity = type === 'grants-changed' ? ['grants', tenant, user] : ['suspension', ...names]
      const id = randomUUID()
      const head = { v: 1, id, at: new Date().toISOString(), actor: 'system' }
      const subject = `curfew.${stage.stage.epoch}.log.${entity.join('.')}`
      await jsm.jetstream().publish(subject, JSON.stringify({ ...head, ...entry }), { msgID: id })
    }
  })
}

const OPERATOR = { tenant: 'curfew', user: 'operator' }
const stripped = { type: 'grants-changed', ...OPERATOR, roles: ['auditor'], permissions: ['curfew:read'] }
const suspended = { type: 'suspended', ...OPERATOR }
const tenantSuspended = { type: 'suspended', tenant: 'curfew' }

async function logIn(): Promise<BearerClient> {
  return replica.as(await stage.stage.login('curfew/operator'))
}

async function lockedOut(): Promise<void> {
  await until('nobody can log in', async () => {
    const answer = await stage.stage.tryCreate('curfew/operator')
    return answer.outcome === 'refused'
  })
}

describe('the last operator, locked out', () => {
  it('is shown what it would take, and nothing changes before it is confirmed', async () => {
    await state(stripped, suspended, tenantSuspended)
    await lockedOut()
    const acts = [
      'grant curfew:operator to curfew/operator',
      'resume curfew/operator',
      'resume the tenant curfew',
    ]
    const [planned, unconfirmed] = await Promise.all([
      stage.recover(...ME, '--dry-run'),
      stage.recover(...ME),
    ])
    expect(planned).toMatchObject({ code: 0, json: { outcome: 'planned', acts } })
    expect(unconfirmed).toMatchObject({ code: 2, json: { outcome: 'unconfirmed', acts } })
    await lockedOut()
  })

  it('is let in again by a running replica, keeps the rest, once, and it is in the trail', async () => {
    expect(await stage.recover(...ME, '--yes')).toMatchObject({
      code: 0,
      json: { outcome: 'recovered', audited: true },
    })
    await until('they can log in', async () => {
      const answer = await stage.stage.tryCreate('curfew/operator')
      return answer.outcome === 'created'
    })
    const operator = await logIn()
    const grants = await expectJson(await operator.get('/v1/subjects/curfew/operator/grants'), 200)
    expect(grants).toMatchObject({ roles: ['auditor'], permissions: ['curfew:read', 'curfew:operator'] })
    const json = { roles: [], permissions: ['curfew:operator'] }
    await expectJson(await operator.put('/v1/subjects/curfew/second/grants', json), 200)
    const told = (await eventsOf(operator, { actor: 'system' })).filter(
      ({ reason }) => reason === 'recovered at the servers: nobody is left',
    )
    expect(told.map(({ type }) => type).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'grants.changed',
      'suspension.ended',
      'suspension.ended',
    ])
    const { intact } = await expectJson<{ intact: boolean }>(await operator.get('/v1/audit/verify'), 200)
    expect(intact).toBe(true)
    const again = await stage.recover(...ME, '--yes')
    expect(again).toEqual({ code: 3, json: { outcome: 'unneeded', acts: [] } })
  })

  it('is named by a new epoch that would carry the lockout over, and has the same way back in it', async () => {
    await state({ ...stripped, permissions: [] }, { type: 'suspended', tenant: 'curfew', user: 'second' })
    const opened = await stage.command('--yes', '--force')
    expect(opened).toMatchObject({ code: 0, json: { carried: { operators: 0 } } })
    await stage.servedIn(2)
    await expectProblem(await (await logIn()).get('/v1/sessions'), 403, 'forbidden')
    expect(await stage.recover(...ME, '--yes')).toMatchObject({ code: 0 })
    const operator = await logIn()
    await until('they are an operator', async () => (await operator.get('/v1/sessions')).ok)
  })

  it('is not written into a log that is over', async () => {
    await state(suspended)
    await lockedOut()
    await stage.administrate(async (jsm) => {
      const entry = { v: 1, id: randomUUID(), at: '', actor: 'system', type: 'closed' }
      await jsm.jetstream().publish('curfew.2.log.closed', JSON.stringify(entry), { msgID: entry.id })
    })
    const refused = await stage.recover(...ME, '--yes')
    expect(refused).toMatchObject({ code: 1, json: { outcome: 'failed' } })
  })
})
