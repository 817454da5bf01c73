import type { ClientId } from '@curfew/contracts'
import { expectJson, expectProblem, HttpClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { rotate } from './rotating.ts'
import {
  BACKEND,
  CREATOR,
  REPORTER,
  SIGN_ON,
  setStage,
  type Created,
  type Replica,
  type Stage,
} from './stage.ts'

let stage: Stage
let replica: Replica
let api: HttpClient
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start()
  api = new HttpClient(replica.url)
})
afterAll(() => stage[Symbol.asyncDispose]())

const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const post = (json: unknown, headers = basic(BACKEND.id, BACKEND.secret)): Promise<Response> =>
  api.request('POST', '/v1/sessions', { json, headers })

describe('a trusted backend', () => {
  it('gets a session for its user, and the token once', async () => {
    const response = await post({ tenant: 'acme', user: 'alice', acr: 'otp', amr: ['pwd', 'otp'] })
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { token, token_type, session } = await expectJson<{
      token: string
      token_type: string
      session: Record<string, unknown>
    }>(response, 201)
    expect(token_type).toBe('Bearer')
    expect(session).toMatchObject({ tenant: 'acme', user: 'alice', client: 'backend', acr: 'otp' })
    expect(Object.keys(session).toSorted()).toEqual(
      ['acr', 'amr', 'auth_time', 'client', 'created_at', 'expires_at', 'id', 'idle_expires_at'].concat([
        'permissions',
        'roles',
        'tenant',
        'user',
      ]),
    )
    expect(await stage.statusOf({ token })).toBe('live')
    expect(replica.lines.join('')).not.toContain(token.slice(-43))
  })

  it.each([
    ['no credentials', {}],
    ['a wrong secret', basic(BACKEND.id, 'wrong')],
    ['an empty secret', basic(BACKEND.id, '')],
    ['an unknown client', basic('nobody', BACKEND.secret)],
    ['a name of the prototype', basic('__proto__', '')],
    ['no colon', { authorization: `Basic ${Buffer.from('backend').toString('base64')}` }],
    ['no base64', { authorization: 'Basic %%%' }],
    ['a bearer token', { authorization: `Bearer ${BACKEND.secret}` }],
  ])('is refused with %s', async (_, headers) => {
    const response = await post({ tenant: 'acme', user: 'alice' }, headers)
    await expectProblem(response, 401, 'invalid-client')
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    expect(replica.lines.join('')).not.toContain(BACKEND.secret)
  })

  it('cannot make an operator of a user of the administrative tenant', async () => {
    await expectProblem(await post({ tenant: 'curfew', user: 'operator' }), 403, 'forbidden')
  })

  it('cannot act as an operator of another tenant through a session of theirs, whatever its acr', async () => {
    const chief = { tenant: 'acme', user: 'chief', acr: 'aal3', amr: ['hwk'] }
    const { token } = await expectJson<{ token: string }>(await post(chief), 201)
    const operator = replica.as({ token })
    const scope = { type: 'tenant', tenant: 'acme' }
    const grants = { roles: [], permissions: ['curfew:operator'] }
    const calls = [
      () => operator.post('/v1/revocations', { scope, reason: 'taken over' }),
      () => operator.put('/v1/subjects/acme/mallory/grants', grants),
      () => operator.get('/v1/sessions'),
      () => operator.request('GET', '/v1/events', { headers: { accept: 'text/event-stream' } }),
    ]
    for (const call of calls) await expectProblem(await call(), 403, 'forbidden')
    expect(await stage.statusOf({ token })).toBe('live')
    expect(replica.lines.join('')).toContain('client-may-not-operate')
    expect(await stage.statusOf(await stage.login('acme/alice'))).toBe('live')
  })

  it('leaves no operators behind when it is taken out of the file, by a password given at the gateway either', async () => {
    const chief = { tenant: 'acme', user: 'chief' }
    const begun = await expectJson<Created>(await post(chief), 201)
    const authentication = { acr: 'aal2', amr: ['pwd', 'otp'] }
    const renewed = await rotate(stage, await expectJson<Created>(await post(chief), 201), { authentication })
    const without = await stage.start({ SESSION_CLIENTS_FILE: '' })
    for (const session of [begun, renewed]) {
      await expectProblem(await without.as(session).get('/v1/sessions'), 403, 'forbidden')
      expect(await stage.statusOf(session)).toBe('live')
    }
  })

  it('lends its name to no session of the gateway that acts as an operator', async () => {
    const session = await stage.login('acme/chief', { client: BACKEND.id as ClientId })
    await expectProblem(await replica.as(session).get('/v1/sessions'), 403, 'forbidden')
    const usual = await stage.login('acme/chief', { client: 'api' as ClientId })
    await expectJson(await replica.as(usual).get('/v1/sessions'), 200)
  })

  it('acts as an operator where it is registered for that, up to its level', async () => {
    const by = basic(SIGN_ON.id, SIGN_ON.secret)
    for (const who of [
      { tenant: 'curfew', user: 'operator' },
      { tenant: 'acme', user: 'chief' },
    ]) {
      const { token } = await expectJson<{ token: string }>(await post({ ...who, acr: 'aal2' }, by), 201)
      await expectJson(await replica.as({ token }).get('/v1/sessions'), 200)
      await expectProblem(await post({ ...who, acr: 'aal3' }, by), 403, 'forbidden')
    }
  })

  it.each([
    ['another tenant', CREATOR, { tenant: 'globex', user: 'chief' }, 'tenant'],
    ['the tenant of the operators', CREATOR, { tenant: 'curfew', user: 'operator' }, 'tenant'],
    ['a higher level', CREATOR, { tenant: 'acme', user: 'alice', acr: 'aal2' }, 'acr'],
    ['a word that is no level', CREATOR, { tenant: 'acme', user: 'alice', acr: 'AAL1' }, 'acr'],
    ['anything, without being registered for it', REPORTER, { tenant: 'acme', user: 'alice' }, 'sessions'],
  ])('begins none of %s', async (_, { id, secret }, json, fault) => {
    const { detail } = await expectProblem(await post(json, basic(id, secret)), 403, 'forbidden')
    expect(detail).toContain(fault)
    expect(replica.lines.join('')).toContain(`client-${fault}`)
  })

  it('has no power under a name that looks like that of the tenant of the operators', async () => {
    for (const tenant of ['Curfew', 'CURFEW', 'curfew.']) {
      const { token } = await expectJson<{ token: string }>(await post({ tenant, user: 'operator' }), 201)
      expect(await stage.permissionsOf({ token })).toEqual([])
      await expectProblem(await replica.as({ token }).get('/v1/sessions'), 403, 'forbidden')
    }
    for (const tenant of ['curfew', 'сurfew', 'curfew ', 'curfew\u0000'])
      expect([400, 403]).toContain((await post({ tenant, user: 'operator' })).status)
  })

  it('is limited no further than that', async () => {
    const json = { tenant: 'acme', user: 'alice', acr: 'aal1' }
    await expectJson(await post(json, basic(CREATOR.id, CREATOR.secret)), 201)
  })

  it('gets none for a suspended user', async () => {
    const operator = replica.as(await stage.login('curfew/operator'))
    await expectJson(await operator.post('/v1/subjects/acme/bob/suspend'), 200)
    await expectProblem(await post({ tenant: 'acme', user: 'bob' }), 409, 'conflict')
  })

  it.each([
    ['client', { tenant: 'acme', user: 'alice', client: 'other' }],
    ['user', { tenant: 'acme', user: 'a\nb' }],
    ['tenant', { user: 'alice' }],
    ['amr', { tenant: 'acme', user: 'alice', amr: 'pwd' }],
    ['label', { tenant: 'acme', user: 'alice', label: 'x'.repeat(65) }],
  ])('is told that %s is at fault', async (member, json) => {
    expect((await expectProblem(await post(json), 400, 'bad-request')).detail).toContain(member)
  })
})

describe('the birth of a session of a trusted backend', () => {
  const prepare = (headers = basic(BACKEND.id, BACKEND.secret)): Promise<Response> =>
    api.request('POST', '/v1/sessions/prepare', { headers })
  const prepared = async () => (await expectJson<{ birth: string }>(await prepare(), 200)).birth
  const revokeUser = async (user: string) => {
    const operator = replica.as(await stage.login('curfew/operator'))
    await expectJson(await stage.revokeUser(operator, user), 200)
  }

  it('is had before the first credential is read: who was revoked since loses, who begins again wins', async () => {
    const [before, user] = [await prepared(), 'racer']
    await revokeUser(user)
    await expectProblem(await post({ tenant: 'acme', user, birth: before }), 409, 'conflict')
    const { token } = await expectJson<{ token: string }>(
      await post({ tenant: 'acme', user, birth: await prepared() }),
      201,
    )
    expect(await stage.statusOf({ token })).toBe('live')
  })

  it('also covers what comes after the session is there, and without one it is that of the call', async () => {
    const [birth, user] = [await prepared(), 'later']
    const old = await expectJson<{ token: string }>(await post({ tenant: 'acme', user, birth }), 201)
    await revokeUser(user)
    expect(await stage.statusOf(old)).toBe('revoked')
    const { token } = await expectJson<{ token: string }>(await post({ tenant: 'acme', user }), 201)
    expect(await stage.statusOf({ token })).toBe('live')
  })

  it.each([
    ['ahead of everything', '000001.0000000099999999'],
    ['of a log to come', '000002.0000000000000001'],
    ['of no log', '000000.0000000000000000'],
    ['no position', '42'],
    ['empty', ''],
    ['a number', 42],
    ['null', null],
    ['with something behind it', '000001.0000000000000001 '],
    ['with other digits', '٠٠٠٠٠١.٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠١'],
  ])('that is %s is refused as such', async (_, birth) => {
    const problem = await expectProblem(
      await post({ tenant: 'acme', user: 'alice', birth }),
      400,
      'bad-request',
    )
    expect(JSON.stringify(problem)).toContain('birth')
  })

  it('may be very old: it only loses against more', async () => {
    const birth = '000001.0000000000000001'
    await expectJson(await post({ tenant: 'acme', user: 'methuselah', birth }), 201)
    await revokeUser('methuselah')
    await expectProblem(await post({ tenant: 'acme', user: 'methuselah', birth }), 409, 'conflict')
  })

  it('is told to trusted backends only, and to those only that begin sessions', async () => {
    for (const headers of [{}, basic(BACKEND.id, 'wrong')])
      await expectProblem(await prepare(headers), 401, 'invalid-client')
    await expectProblem(await prepare(basic(REPORTER.id, REPORTER.secret)), 403, 'forbidden')
  })
})

describe('what is recorded of a login', () => {
  it('is the lowest level where nobody says more', async () => {
    const body = { tenant: 'acme', user: 'alice' }
    const { session } = await expectJson<{ session: object }>(await post(body), 201)
    expect(session).toMatchObject({ acr: 'aal1', amr: [] })
  })

  it('shows its network to operators, and to nobody the session is handed to', async () => {
    const body = { tenant: 'acme', user: 'roamer', label: 'phone', address_class: '192.0.2.0/24' }
    const { session } = await expectJson<{ session: { id: string } }>(await post(body), 201)
    expect(session).not.toHaveProperty('address_class')
    const operator = replica.as(await stage.login('curfew/operator'))
    const shown = { label: 'phone', address_class: '192.0.2.0/24' }
    const list = await operator.get('/v1/sessions?tenant=acme&user=roamer')
    expect((await expectJson<{ sessions: object[] }>(list, 200)).sessions).toMatchObject([shown])
    const one = await operator.get(`/v1/sessions/${session.id}`)
    expect((await expectJson<{ session: object }>(one, 200)).session).toMatchObject(shown)
    const bare = await stage.login('acme/homebody')
    const other = await operator.get(`/v1/sessions/${bare.session.id}`)
    expect((await expectJson<{ session: object }>(other, 200)).session).not.toHaveProperty('address_class')
  })

  it('comes over NATS as well', async () => {
    const { session } = await stage.login('acme/nomad', { addressClass: '2001:db8::/48' })
    const operator = replica.as(await stage.login('curfew/operator'))
    const response = await operator.get(`/v1/sessions/${session.id}`)
    expect((await expectJson<{ session: object }>(response, 200)).session).toMatchObject({
      address_class: '2001:db8::/48',
    })
  })
})
