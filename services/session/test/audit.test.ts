import { onBehalfOf } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { expectJson, expectProblem, HttpClient, type BearerClient } from '@curfew/test-kit'
import { jetstreamManager } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { hashOfRecord } from '../src/domain/audit/audit-record.ts'
import { postForm } from './forms.ts'
import { BACKEND, setStage, until, type Replica, type Stage } from './stage.ts'
import { eventsOf, faultsOf, pageOf, record, rewriteTrail, verificationOf } from './trail.ts'

let stage: Stage
let replica: Replica
let operator: BearerClient
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start()
  operator = replica.as(await stage.login('curfew/operator'))
})
afterAll(() => stage[Symbol.asyncDispose]())

/** By the permissions of the user, or by the stream itself. */
const DENIED = /permissions violation|not permitted/i

const EVENT = { type: 'login.refused', actor: 'anonymous', outcome: 'refused' } as const

describe('what happens', () => {
  it('is in the trail when it is answered: who, what, why, with what effect, and on whose request', async () => {
    const alice = await onBehalfOf('trace-login', () =>
      stage.login('acme/alice', { addressClass: '192.0.2.0/24' }),
    )
    const session = alice.session.id
    await stage.redeem(alice, 'claim-1')
    await stage.redeem(alice, 'claim-1')
    await onBehalfOf('trace-logout', () => stage.logout(alice))
    await stage.login('acme/alice')
    const headers = { 'x-request-id': 'trace-revoke' }
    const json = { scope: { type: 'user', tenant: 'acme', user: 'alice' }, reason: 'laptop stolen' }
    await expectJson(await operator.request('POST', '/v1/revocations', { json, headers }), 200)

    const events = await eventsOf(operator, { user: 'alice' })
    const common = { tenant: 'acme', user: 'alice', source: 'session' }
    expect(events.toReversed()).toMatchObject([
      {
        ...common,
        type: 'session.created',
        actor: 'acme/alice',
        outcome: 'done',
        client: 'cli',
        session,
        request_id: 'trace-login',
        address_class: '192.0.2.0/24',
      },
      { ...common, type: 'claim.redeemed', outcome: 'done', session },
      { ...common, type: 'claim.spent', outcome: 'refused', session },
      {
        ...common,
        type: 'session.ended',
        actor: 'acme/alice',
        reason: 'logout',
        effect: 'confirmed',
        request_id: 'trace-logout',
      },
      { ...common, type: 'session.created' },
      {
        ...common,
        type: 'revocation.recorded',
        actor: 'curfew/operator',
        reason: 'laptop stolen',
        effect: expect.stringMatching(/^scope user, 1 session, confirmed by 1 of 1, rev_/),
        request_id: 'trace-revoke',
      },
    ])
    for (const { id, at } of events) {
      expect(id).toMatch(/^evt_[A-Za-z0-9_-]{22}$/)
      expect(at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    }
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
    // The log lines name the same request.
    for (const id of ['trace-login', 'trace-logout', 'trace-revoke'])
      expect(replica.lines.filter((line) => line.includes(id)).length).toBeGreaterThan(0)
  })

  it('to one user’s downloads is told one by one up to a number, and then as a sum', async () => {
    const dora = await stage.login('acme/downloader')
    for (let n = 0; n < 30; n++) expect(await stage.redeem(dora, `download-${n}`)).toBe('redeemed')
    expect(await eventsOf(operator, { user: 'downloader', type: 'claim.redeemed' })).toHaveLength(20)
  })

  it('to grants, roles and suspensions shows what was before and what is now', async () => {
    const grants = '/v1/subjects/acme/dora/grants'
    const first = { roles: ['viewer'], permissions: ['reports:read'], reason: 'joined' }
    await expectJson(await operator.put(grants, first), 200)
    const second = { roles: ['editor'], permissions: ['reports:read'], reason: 'promoted' }
    await expectJson(await operator.put(grants, second), 200)
    const role = { permissions: ['documents:read', 'documents:print'] }
    await expectJson(await operator.put('/v1/tenants/acme/roles/viewer', role), 200)
    await expectJson(await operator.post('/v1/subjects/acme/dora/suspend', { reason: 'left' }), 200)
    await expectJson(await operator.post('/v1/subjects/acme/dora/resume'), 200)
    const told = (await eventsOf(operator, { actor: 'curfew/operator' })).slice(0, 5).toReversed()
    expect(told.map(({ type, reason, effect }) => [type, reason, effect])).toEqual([
      ['grants.changed', 'joined', '+viewer +reports:read; confirmed by 1 of 1'],
      ['grants.changed', 'promoted', '+editor -viewer; confirmed by 1 of 1'],
      ['role.changed', undefined, 'role viewer: +documents:print; confirmed by 1 of 1'],
      ['suspension.begun', 'left', 'suspended; confirmed by 1 of 1'],
      ['suspension.ended', undefined, 'resumed; confirmed by 1 of 1'],
    ])
  })

  it('to those who are refused is there with its cause, which they are not told', async () => {
    const alice = await stage.login('acme/alice')
    const wrong = { token: `${alice.token.slice(0, -1)}${alice.token.endsWith('A') ? 'B' : 'A'}` }
    await expectProblem(await replica.as(alice).get('/v1/sessions'), 403, 'forbidden')
    await expectProblem(await replica.as(wrong).get('/v1/sessions'), 401, 'unauthenticated')
    const secret = { id: BACKEND.id, secret: 'guessed' }
    expect((await postForm(replica, '/introspect', { fields: { token: 'x' }, client: secret })).status).toBe(
      401,
    )
    await postForm(replica, '/introspect', { fields: { token: wrong.token } })
    await postForm(replica, '/revoke', { fields: { token: alice.token } })
    await stage.tryCreate('acme/alice', { birth: '000001.0000000000000001' as never })
    const told = (await eventsOf(operator)).slice(0, 6).toReversed()
    expect(told).toMatchObject([
      { type: 'operator.refused', actor: 'acme/alice', reason: 'permission-missing', tenant: 'acme' },
      { type: 'operator.refused', actor: 'anonymous', reason: 'mismatch', session: alice.session.id },
      { type: 'client.refused', actor: 'anonymous', client: BACKEND.id, reason: 'wrong secret' },
      { type: 'token.guessed', actor: `client:${BACKEND.id}`, session: alice.session.id },
      { type: 'token-revocation.refused', actor: `client:${BACKEND.id}`, reason: 'other-client' },
      { type: 'session.refused', actor: 'acme/alice', reason: 'revoked' },
    ])
    for (const event of told) expect(event).toMatchObject({ outcome: 'refused' })
    expect(told.slice(0, 3).map((event) => event['address_class'])).toEqual(Array(3).fill('127.0.0.0/24'))
  })

  it('to an operator who goes too far is there, though he is told that there is nothing', async () => {
    const chief = replica.as(await stage.login('acme/chief'))
    const { session } = await stage.login('globex/carol')
    const scope = { type: 'tenant', tenant: 'globex' }
    await expectProblem(await chief.post('/v1/revocations', { scope, reason: 'x' }), 404, 'not-found')
    await expectProblem(await chief.get(`/v1/sessions/${session.id}`), 404, 'not-found')
    await expectProblem(await chief.post('/v1/tenants/globex/suspend'), 404, 'not-found')
    const granter = replica.as(await stage.login('acme/granter'))
    const grants = { roles: [], permissions: ['curfew:operator'] }
    await expectProblem(await granter.put('/v1/subjects/acme/granter/grants', grants), 403, 'forbidden')
    // What he tries again within the minute is told as a sum.
    const told = (await eventsOf(operator, { type: 'operator.refused' })).slice(0, 2)
    expect(told.map(({ actor, reason }) => [actor, reason])).toEqual([
      ['acme/granter', 'may-not-hand-out'],
      ['acme/chief', 'out-of-reach'],
    ])
  })

  it('at the gateway is in the trail when that has been answered, under its name', async () => {
    const reason = 'a\r\n{"type":"forged.event"}\u001b[2J\u202e'
    await onBehalfOf('trace-gateway', () => record(stage, { ...EVENT, tenant: 'acme' as never, reason }))
    expect(await eventsOf(operator, { request_id: 'trace-gateway' })).toEqual([
      expect.objectContaining({
        ...EVENT,
        source: 'gateway',
        tenant: 'acme',
        reason: 'a��{"type":"forged.event"}�[2J�',
      }),
    ])
  })

  it('is not taken in another shape, nor from anybody but the gateway', async () => {
    await expect(record(stage, { ...EVENT, token: 'x' } as never)).rejects.toThrow('refused')
    await expect(record(stage, { ...EVENT, reason: 'x'.repeat(501) })).rejects.toThrow('refused')
    await expect(record({ gateway: stage.documents }, EVENT)).rejects.toThrow('record-event')
  })
})

describe('an act of an operator or of the authority', () => {
  it.each(['grants.changed', 'operator.refused', 'revocation.recorded', 'audit.events-lost', 'login.forged'])(
    '(%s) cannot be forged with the credentials of the gateway',
    async (type) => {
      const forged = { type, actor: 'curfew/operator', outcome: 'done', reason: 'forged by the gateway' }
      await expect(record(stage, forged as never)).rejects.toThrow('refused')
    },
  )
})

describe('a reason', () => {
  it('that is blank is none', async () => {
    for (const reason of ['', ' ', '\u00a0 '])
      await expectProblem(
        await operator.post('/v1/revocations', { scope: { type: 'global' }, reason }),
        400,
        'bad-request',
      )
  })
})

describe('who reads the trail', () => {
  it('is an operator, and one of a tenant sees that tenant alone', async () => {
    await expectProblem(await new HttpClient(replica.url).get('/v1/audit'), 401, 'unauthenticated')
    const alice = replica.as(await stage.login('acme/alice'))
    await expectProblem(await alice.get('/v1/audit'), 403, 'forbidden')
    await expectProblem(await alice.get('/v1/audit/verify'), 403, 'forbidden')
    await stage.login('globex/carol')
    const chief = replica.as(await stage.login('acme/chief'))
    const seen = await eventsOf(chief)
    expect(new Set(seen.map((event) => event['tenant']))).toEqual(new Set(['acme']))
    expect(seen.length).toBeGreaterThan(5)
    expect(await pageOf(chief, { tenant: 'globex' })).toEqual({ events: [], next: null })
    expect(await pageOf(chief, { tenant: 'nowhere' })).toEqual({ events: [], next: null })
    expect((await eventsOf(operator, { tenant: 'globex' })).length).toBeGreaterThan(0)
    await expectProblem(await chief.get('/v1/audit/verify'), 403, 'forbidden')
    await expectJson(await replica.as(await stage.login('acme/reader')).get('/v1/audit'), 200)
  })

  it('turns pages that neither repeat nor leave out anything', async () => {
    for (let n = 0; n < 9; n++) await record(stage, { ...EVENT, reason: `page ${n}`, user: 'pager' as never })
    const reasons: unknown[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query = { user: 'pager', limit: '2', ...(cursor !== '' && { cursor }) }
      const page = await pageOf(operator, query)
      reasons.push(...page.events.map(({ reason }) => reason))
      cursor = page.next
    }
    expect(reasons).toEqual(Array.from({ length: 9 }, (_, n) => `page ${8 - n}`))
  })

  it.each(['cursor=x', 'limit=0', 'limit=1000', 'type=A', 'session=x', 'unknown=1'])(
    'is told that %s makes no sense',
    async (query) => {
      await expectProblem(await operator.get(`/v1/audit?${query}`), 400, 'bad-request')
    },
  )
})

describe('the stored trail', () => {
  it('is one chain, though two replicas write it at once', async () => {
    const second = await stage.start()
    const logins = Array.from({ length: 150 }, (_, n) => stage.login(`acme/busy${n}`))
    const events = Array.from({ length: 150 }, (_, n) => record(stage, { ...EVENT, reason: `busy ${n}` }))
    const [sent] = await Promise.all([Promise.allSettled(events), ...logins])
    for (const each of sent)
      // A busy machine may store an event later than its sender waits for the answer.
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'unavailable' })
    let told: Awaited<ReturnType<typeof eventsOf>> = []
    await until('every event is stored', async () => {
      told = await eventsOf(operator)
      return told.filter(({ reason }) => String(reason).startsWith('busy ')).length >= 150
    })
    for (let n = 0; n < 150; n++) {
      expect(told.filter(({ user }) => user === `busy${n}`)).toHaveLength(1)
      expect(told.filter(({ reason }) => reason === `busy ${n}`)).toHaveLength(1)
    }
    await stage.stop(second)
    expect(await verificationOf(operator)).toMatchObject({ intact: true, faults: [] })
  })

  it('cannot be changed with the credentials of the service, and hardly with those of an administrator', async () => {
    for (const user of ['session', 'admin'] as const) {
      const nc = await connectMessaging({ url: stage.servers.natsUrl(user), name: 'test-intruder' })
      try {
        const manager = await jetstreamManager(nc)
        await expect(manager.streams.deleteMessage('CURFEW_AUDIT', 1)).rejects.toThrow(DENIED)
        await expect(manager.streams.purge('CURFEW_AUDIT')).rejects.toThrow(DENIED)
        const { config } = await manager.streams.info('CURFEW_AUDIT')
        expect(config).toMatchObject({ deny_delete: true, deny_purge: true, allow_rollup_hdrs: false })
        if (user === 'admin') continue
        await expect(manager.streams.delete('CURFEW_AUDIT')).rejects.toThrow(/permissions violation/i)
        await expect(manager.streams.update('CURFEW_AUDIT', { max_age: 1 })).rejects.toThrow(
          /permissions violation/i,
        )
      } finally {
        await nc.close()
      }
    }
    expect(await faultsOf(operator)).toEqual([])
  })

  it('shows an altered record, and a chain that was written anew to hide it', async () => {
    // The end that this replica remembers is of what it has written itself: the last record is to be its own.
    const json = { scope: { type: 'user', tenant: 'acme', user: 'nobody' }, reason: 'the last record' }
    await expectJson(await operator.post('/v1/revocations', json), 200)
    const last = (await eventsOf(operator)).at(0)?.position ?? ''
    // How many events share a record depends on the moment.
    let altered = -1
    await rewriteTrail(stage, (records) => {
      altered = records.findIndex((text) => text.includes('"done"'))
      return records.map((text, index) => (index === altered ? text.replace('"done"', '"none"') : text))
    })
    expect(await faultsOf(operator)).toEqual([`${altered + 2} not-chained`])
    await rewriteTrail(stage, (records) => {
      let previous = JSON.parse(records[0] ?? '').previous as string
      return records.map((text) => {
        const rechained = JSON.stringify({ ...(JSON.parse(text) as object), previous })
        previous = hashOfRecord(rechained)
        return rechained
      })
    })
    const end = Number.parseInt(last, 10)
    expect(new Set(await faultsOf(operator))).toEqual(new Set([`${end} not-anchored`]))
    await rewriteTrail(stage, (records) => records.slice(0, -3))
    expect(new Set(await faultsOf(operator))).toEqual(new Set([`${end} cut-off`]))
    // The end is also in the log file, where no broker reaches.
    expect(replica.lines.some((line) => line.includes('audit.anchored'))).toBe(true)
  })

  it('goes on after that', async () => {
    await record(stage, { ...EVENT, reason: 'after' })
    expect((await eventsOf(operator)).at(0)).toMatchObject({ reason: 'after' })
  })
})
