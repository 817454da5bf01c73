import { expectJson, expectProblem, HttpClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { BACKEND, setStage, type Replica, type Stage } from './stage.ts'

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

  it('cannot make an operator', async () => {
    await expectProblem(await post({ tenant: 'curfew', user: 'operator' }), 403, 'forbidden')
  })

  it('gets none for a suspended user', async () => {
    const operator = replica.as(await stage.login('curfew/operator'))
    await expectJson(await operator.post('/v1/subjects/acme/bob/suspend'), 200)
    await expectProblem(await post({ tenant: 'acme', user: 'bob' }), 409, 'conflict')
  })

  it.each([
    ['client', { tenant: 'acme', user: 'alice', client: 'other' }],
    ['user', { tenant: 'acme', user: 'a/b' }],
    ['tenant', { user: 'alice' }],
    ['amr', { tenant: 'acme', user: 'alice', amr: 'pwd' }],
    ['label', { tenant: 'acme', user: 'alice', label: 'x'.repeat(65) }],
  ])('is told that %s is at fault', async (member, json) => {
    expect((await expectProblem(await post(json), 400, 'bad-request')).detail).toContain(member)
  })
})
