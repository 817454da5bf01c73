import { expectJson, HttpClient } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { postForm } from './forms.ts'
import { BACKEND, setStage, until, type Stage } from './stage.ts'
import { eventsOf, record, verificationOf } from './trail.ts'

let stage: Stage
beforeEach(async () => {
  stage = await setStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const EVENT = { type: 'login.refused', actor: 'anonymous', outcome: 'refused' } as const

describe('while NATS is away', () => {
  it('events are kept and follow when it is back', async () => {
    const replica = await stage.start()
    const operator = replica.as(await stage.login('curfew/operator'))
    await stage.servers.nats.kill('SIGKILL')
    const wrong = { ...BACKEND, secret: 'wrong' }
    for (let n = 0; n < 5; n++)
      expect((await postForm(replica, '/revoke', { fields: { token: 'x' }, client: wrong })).status).toBe(401)
    await expect(record(stage, EVENT)).rejects.toThrow('record-event')
    await stage.servers.nats.restart()
    await stage.reconnected()
    await until(
      'all are there',
      async () => (await eventsOf(operator, { type: 'client.refused' })).length === 5,
    )
    expect(await verificationOf(operator)).toMatchObject({ intact: true })
  })
})

describe('a trail that is full', () => {
  it('keeps nobody from logging in, nor from revoking', async () => {
    const replica = await stage.start({ SESSION_AUDIT_MAX_MEGABYTES: '1' })
    const login = await stage.login('curfew/operator')
    const operator = replica.as(login)
    const reason = 'x'.repeat(500)
    await until(
      'it is full',
      async () => {
        const batch = Array.from({ length: 200 }, () => record(stage, { ...EVENT, reason }))
        return (await Promise.allSettled(batch)).some(({ status }) => status === 'rejected')
      },
      30_000,
    )
    expect(replica.lines.some((line) => line.includes('"audit.stalled"'))).toBe(true)
    const alice = await stage.login('acme/alice')
    const startedAt = performance.now()
    await expectJson(await stage.revokeUser(operator, 'alice'), 200)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(await stage.statusOf(alice)).toBe('revoked')
    expect(await verificationOf(operator)).toMatchObject({ intact: true })
    const metrics = await (await new HttpClient(replica.url).get('/metrics')).text()
    expect(/curfew_audit_backlog_events\{.*\} (\d+)/.exec(metrics)?.[1]).not.toBe('0')
  })
})

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
