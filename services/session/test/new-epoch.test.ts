/** ④ ⑤ The way out of a log that is not what it was: what freezes, what a new epoch keeps, and what it ends. */
import type { Audience } from '@curfew/contracts'
import { expectJson } from '@curfew/test-kit'
import { createVerifier, type Verifier } from '@curfew/verifier'
import { nanos } from '@nats-io/nats-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { answered, ENV, EpochStage } from './epoch-stage.ts'
import { ReplicaProcess } from './members.ts'
import { until, type Created, type Replica, type Stage } from './stage.ts'

let epochs: EpochStage
let stage: Stage
let replica: Replica
beforeEach(async () => {
  epochs = await EpochStage.set()
  ;({ stage } = epochs)
  replica = await epochs.start()
})
afterEach(() => epochs[Symbol.asyncDispose]())

const login = (who: string) => answered(() => stage.login(who))
const statusOf = (session: Created) => answered(() => stage.statusOf(session))

/** One of everything that outlives sessions. */
async function decree(operator: Created): Promise<void> {
  const api = replica.as(operator)
  await expectJson(await api.put('/v1/tenants/acme/roles/editor', { permissions: ['kept:role'] }), 200)
  const grants = { roles: ['editor'], permissions: ['kept:grant'] }
  await expectJson(await api.put('/v1/subjects/acme/alice/grants', grants), 200)
  await expectJson(await api.post('/v1/subjects/acme/mallory/suspend'), 200)
  await expectJson(await api.post('/v1/tenants/umbrella/suspend'), 200)
  await expectJson(await api.post('/v1/subjects/acme/bob/suspend'), 200)
  await expectJson(await api.post('/v1/subjects/acme/bob/resume'), 200)
}

async function expectDecreed(): Promise<void> {
  expect(await answered(async () => stage.permissionsOf(await stage.login('acme/alice')))).toEqual([
    'kept:grant',
    'kept:role',
  ])
  expect(await answered(() => stage.tryCreate('acme/mallory'))).toEqual({
    outcome: 'refused',
    reason: 'suspended',
  })
  expect(await answered(() => stage.tryCreate('umbrella/eve'))).toEqual({
    outcome: 'refused',
    reason: 'suspended',
  })
  expect(await statusOf(await login('acme/bob'))).toBe('live')
}

async function expectConfirmedRevocations(by: Replica): Promise<void> {
  const [operator, alice] = [await login('curfew/operator'), await login('acme/alice')]
  const answer = await expectJson<{ state: string }>(await stage.revokeUser(by.as(operator), 'alice'), 200)
  expect(answer.state).toBe('confirmed')
  expect(await statusOf(alice)).toBe('revoked')
}

const kindOf = async (verifier: Verifier, { token }: Created): Promise<string> =>
  (await verifier.check(token)).kind

describe('an older copy of the log that was put back', () => {
  it('is not served from, until a new epoch ends all sessions and keeps everything else', async () => {
    const [operator, alice] = [await login('curfew/operator'), await login('acme/alice')]
    const silent = { info: () => {}, warn: () => {}, error: () => {} }
    const audience = 'gateway' as Audience
    const verifier = await createVerifier({ nc: stage.gateway, audience, logger: silent })
    await epochs.copyLog()
    // In Redis alone from here on.
    await decree(operator)
    await until('the verifier is back', async () => (await kindOf(verifier, alice)) === 'admitted')
    await epochs.putLogBack()

    await epochs.frozen(replica)
    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await kindOf(verifier, alice)).toBe('unsure')
    const answer = await stage.revokeUser(replica.as(operator), 'alice')
    expect([202, 503]).toContain(answer.status)
    await expect(epochs.start()).rejects.toThrow(/begin a new epoch/i)

    expect(await epochs.command('--dry-run')).toMatchObject({
      code: 0,
      json: { outcome: 'planned', epoch: 2, reasons: [expect.stringContaining('is over: rolled back')] },
    })
    expect((await epochs.command()).code).toBe(2)
    await epochs.frozen(replica)
    expect(await epochs.command('--yes')).toMatchObject({
      code: 0,
      json: { outcome: 'opened', epoch: 2, closed: [1], unreadable: 0 },
    })
    await epochs.servedIn(2)
    for (const ended of [operator, alice]) expect(await statusOf(ended)).toBe('revoked')
    await expectDecreed()
    await expectConfirmedRevocations(replica)
    await until('the verifier has moved on', async () => (await kindOf(verifier, alice)) === 'refused')
    const again = await login('acme/alice')
    await until('it admits', async () => (await kindOf(verifier, again)) === 'admitted')
    await verifier.close()

    // Nothing is wrong any more, and a slip of the hand ends nobody's session.
    expect(await epochs.command('--yes')).toMatchObject({
      code: 3,
      json: { outcome: 'refused', reasons: [] },
    })
    expect(await statusOf(again)).toBe('live')
    const second = await epochs.start()
    await expectConfirmedRevocations(second)
  })

  it('leaves the log complete: a Redis that is lost afterwards costs sessions only', async () => {
    await decree(await login('curfew/operator'))
    await epochs.open()
    await epochs.servedIn(2)
    await stage.redis.flushall()
    await until('it has started again', async () => (await stage.redis.exists('curfew:log')) === 1)
    await epochs.servedIn(2)
    await expectDecreed()
  })
})

describe('a stream that was deleted', () => {
  it('is followed by a new epoch, made of what Redis knows', async () => {
    const operator = await login('curfew/operator')
    await decree(operator)
    await epochs.administrate((jsm) => jsm.streams.delete('CURFEW_1'))
    await until('it is not ready', async () => !(await replica.isReady()))
    expect(await epochs.command('--yes')).toMatchObject({ code: 0, json: { outcome: 'opened', closed: [] } })
    await epochs.servedIn(2)
    expect(await statusOf(operator)).toBe('revoked')
    await expectDecreed()
    await expectConfirmedRevocations(replica)
  })

  it('and made anew under its old number is noticed by a replica that starts', async () => {
    await login('acme/alice')
    await stage.stop(replica)
    await epochs.administrate((jsm) => jsm.streams.delete('CURFEW_1'))
    const before = await stage.redis.get('curfew:log')
    await stage.redis.flushall()
    replica = await epochs.start()
    await stage.stop(replica)
    // Where Redis stands, the new one goes on as if nothing had happened.
    await stage.redis.set('curfew:log', before ?? '')
    await expect(epochs.start()).rejects.toThrow(/Redis belongs to epoch 1 with the id/)
    expect((await epochs.command('--dry-run')).json['reasons']).toEqual([
      expect.stringContaining('though Redis knows the one with the id'),
    ])
    expect(await epochs.command('--yes')).toMatchObject({ code: 0, json: { outcome: 'opened' } })
    replica = await epochs.start()
    await epochs.servedIn(2)
  })
})

describe('an entry that no replica can read', () => {
  it('is a reason for a new epoch, which leaves it behind and keeps everything else', async () => {
    const [operator, alice] = [await login('curfew/operator'), await login('acme/alice')]
    await decree(operator)
    // What JetStream answers to a publication, stored as if it were the newest revocation of everyone.
    await epochs.administrate((jsm) =>
      jsm.jetstream().publish('curfew.1.log.revoked.global', '{"stream":"KV_curfew_accounts","seq":1}'),
    )
    await until('it is not ready', async () => !(await replica.isReady()))
    await expect(epochs.start()).rejects.toThrow(/begin a new epoch/i)
    expect(await epochs.command('--dry-run')).toMatchObject({
      json: { outcome: 'planned', unreadable: 1, reasons: [expect.stringContaining('cannot be read')] },
    })
    expect(await epochs.command('--yes')).toMatchObject({
      code: 0,
      json: { outcome: 'opened', unreadable: 1 },
    })
    await epochs.servedIn(2)
    expect(await statusOf(alice)).toBe('revoked')
    await expectDecreed()
    await expectConfirmedRevocations(replica)
  })
})

describe('a stream whose settings were changed', () => {
  it('stops replicas that start, and is a reason for a new epoch that names the settings', async () => {
    await epochs.administrate((jsm) => jsm.streams.update('CURFEW_1', { max_age: nanos(86_400_000) }))
    await expect(epochs.start()).rejects.toThrow(/max_age.*begin a new epoch/is)
    expect(await epochs.command('--dry-run')).toMatchObject({
      json: { outcome: 'planned', reasons: [expect.stringMatching(/not set up as it must be: max_age/)] },
    })
  })
})

describe('a Redis that is older than the epoch', () => {
  it('ends the sessions that it holds, loudly, and takes roles and grants from the log', async () => {
    const [operator, alice] = [await login('curfew/operator'), await login('acme/alice')]
    const putRedisBack = await epochs.copyRedis()
    await decree(operator)
    await epochs.open()
    await epochs.servedIn(2)
    const later = await login('acme/bob')
    await stage.stop(replica)
    await putRedisBack()

    replica = await epochs.start()
    await epochs.servedIn(2)
    expect(await statusOf(alice)).toBe('revoked')
    expect(await statusOf(later)).toBe('unknown')
    await expectDecreed()
    expect(replica.lines.join('')).toContain('"event":"epoch.entered"')
    const metrics = await (await fetch(`${replica.operationsUrl}/metrics`)).text()
    expect(metrics).toMatch(/^curfew_epochs_entered_total\{.*\} 1$/m)
  })
})

describe('who was away while a new epoch was opened', () => {
  it('grants, confirms and answers nothing in the old one, and goes over to the new one', async () => {
    const [operator, alice] = [await login('curfew/operator'), await login('acme/alice')]
    await decree(operator)
    await using paused = await ReplicaProcess.start(stage, ENV)
    await stage.stop(replica)
    paused.signal('SIGSTOP')
    expect(await epochs.command('--yes', '--force')).toMatchObject({ code: 0, json: { outcome: 'opened' } })
    const heard: string[] = []
    paused.signal('SIGCONT')
    // Until it has found the new epoch, everything that it is asked in the old one.
    await until('it is ready', async () => {
      heard.push(await stage.statusOf(alice).catch(() => 'unavailable'))
      const answer = await fetch(`${paused.operationsUrl}/readyz`)
      return answer.ok && (await stage.prepare()).startsWith('000002.')
    })
    expect(heard).not.toContain('live')
    await epochs.servedIn(2)
    expect(await statusOf(alice)).toBe('revoked')
    await expectDecreed()
  })

  it('writes into the old log without effect', async () => {
    await decree(await login('curfew/operator'))
    await epochs.open()
    await epochs.servedIn(2)
    const late = {
      v: 1,
      id: 'late',
      at: '',
      actor: 'system',
      type: 'grants-changed',
      tenant: 'acme',
      user: 'alice',
      roles: [],
      permissions: ['late:grant'],
    }
    const { seq } = await epochs.administrate((jsm) =>
      jsm.jetstream().publish('curfew.1.log.grants.acme.alice', JSON.stringify(late)),
    )
    expect(seq).toBeGreaterThan(0)
    await expectDecreed()
    await stage.stop(replica)
    replica = await epochs.start()
    await epochs.servedIn(2)
    await expectDecreed()
    expect(await stage.redis.hget('curfew:user:acme/alice', 'g')).toContain('["kept:grant"]')
  })
})

describe('the command', () => {
  it('may die after any step, and is run again', async () => {
    await decree(await login('curfew/operator'))
    const died = new Error('died')
    for (const last of ['reserved', 'closed', 'read', 'waited', 'carried'] as const) {
      const dying = epochs.open((step) => {
        if (step === last) throw died
      })
      await expect(dying).rejects.toBe(died)
      // The old one is over from the second step on, and the half-made one is nobody's.
      if (last === 'reserved') expect(await stage.prepare()).toMatch(/^000001\./)
      else {
        await epochs.frozen(replica)
        await expect(stage.prepare()).rejects.toMatchObject({ code: 'unavailable' })
        await expect(epochs.start()).rejects.toThrow(/is over/)
      }
    }
    const opened = await epochs.open()
    expect(opened).toMatchObject({ outcome: 'opened', epoch: 7 })
    await epochs.servedIn(7)
    await expectDecreed()

    // In force, though whoever opened it could not say so any more.
    await expect(
      epochs.open((step) => {
        if (step === 'opened') throw died
      }),
    ).rejects.toBe(died)
    await epochs.servedIn(8)
    await expectDecreed()
    await expectConfirmedRevocations(replica)
  })

  it('run by two at once opens one epoch that everybody goes to', async () => {
    await decree(await login('curfew/operator'))
    const both = await Promise.all([epochs.open(), epochs.open()])
    const opened = both.filter(({ outcome }) => outcome === 'opened').map(({ epoch }) => epoch)
    const highest = Math.max(...both.map(({ epoch }) => epoch))
    expect(opened).toContain(highest)
    await epochs.servedIn(highest)
    await expectDecreed()
  })

  it('overtaken by another one gives up, whatever it was about to do', async () => {
    await decree(await login('curfew/operator'))
    let isOvertaken = false
    const slow = await epochs.open(async (step) => {
      if (step !== 'carried' || isOvertaken) return
      isOvertaken = true
      expect(await epochs.open()).toMatchObject({ outcome: 'opened', epoch: 3 })
      await epochs.servedIn(3)
      const operator = await login('curfew/operator')
      const grants = { roles: [], permissions: ['since:then'] }
      await expectJson(await replica.as(operator).put('/v1/subjects/acme/alice/grants', grants), 200)
    })
    expect(slow).toMatchObject({ outcome: 'superseded', epoch: 2 })
    await epochs.servedIn(3)
    expect(await answered(async () => stage.permissionsOf(await stage.login('acme/alice')))).toEqual([
      'since:then',
    ])
  })

  it('closes nothing where NATS has no room for what it would carry over', async () => {
    await decree(await login('curfew/operator'))
    // Set aside, so that hardly anything is left for another log.
    await epochs.administrate(async (jsm) => {
      const { limits, storage } = await jsm.getAccountInfo()
      const { config } = await jsm.streams.info('CURFEW_AUDIT')
      const max_bytes = limits.max_storage - config.max_bytes - storage - 1_024
      await jsm.streams.add({ name: 'OTHER', subjects: ['other'], max_bytes })
    })
    expect(await epochs.command('--yes', '--force')).toMatchObject({
      code: 5,
      json: { outcome: 'no-room', needed_bytes: expect.any(Number), free_bytes: expect.any(Number) },
    })
    await expectConfirmedRevocations(replica)
    await epochs.administrate((jsm) => jsm.streams.delete('OTHER'))
    expect(await epochs.command('--yes', '--force')).toMatchObject({ code: 0, json: { outcome: 'opened' } })
    await epochs.servedIn(2)
    await expectDecreed()
  })

  it('says what is wrong with its arguments', async () => {
    expect((await epochs.command('--now')).code).toBe(2)
  })
})
