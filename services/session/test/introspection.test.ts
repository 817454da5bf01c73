import { hashSecret, parseToken, relayValueFor, type Audience, type ClientId } from '@curfew/contracts'
import { expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { postForm } from './forms.ts'
import {
  BACKEND,
  CREATOR,
  REPORTER,
  setStage,
  TestClock,
  type Created,
  type Replica,
  type Stage,
} from './stage.ts'

let stage: Stage
let replica: Replica
const clock = new TestClock()
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start({ SESSION_IDLE_TIMEOUT_SECONDS: '600' }, { clock })
})
afterAll(() => stage[Symbol.asyncDispose]())

const NOBODY = 'AAAAAAAAAAAAAAAAAAAAAA'

const introspect = (token: string, client = BACKEND, more: Record<string, string> = {}): Promise<Response> =>
  postForm(replica, '/introspect', { fields: { token, ...more }, client })

const activityOf = async (token: string, client = BACKEND): Promise<boolean> =>
  (await expectJson<{ active: boolean }>(await introspect(token, client), 200)).active

function relayTokenOf({ token, session }: Created): string {
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') throw new Error('no session token')
  return `cfr_${session.id}${relayValueFor(hashSecret(parsed.secret), 'documents' as Audience)}`
}

describe('a token that is live', () => {
  it('is described with typed members, and nothing that opens a door', async () => {
    const { token, session } = await stage.login('acme/alice', { acr: 'otp', amr: ['pwd', 'otp'] })
    const response = await introspect(token)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const answer = await expectJson<Record<string, unknown>>(response, 200)
    const at = (time: string): number => Math.floor(Date.parse(time) / 1_000)
    expect(answer).toEqual({
      active: true,
      iss: 'urn:curfew',
      sub: 'acme/alice',
      aud: BACKEND.id,
      client_id: 'cli',
      username: 'alice',
      tenant: 'acme',
      token_type: 'Bearer',
      exp: at(session.idleExpiresAt),
      iat: at(session.createdAt),
      auth_time: at(session.authTime),
      acr: 'otp',
      amr: ['pwd', 'otp'],
      scope: 'documents:read documents:write reports:read',
      jti: session.id,
      sid: session.id,
    })
    for (const name of ['exp', 'iat', 'auth_time']) expect(Number.isInteger(answer[name])).toBe(true)
  })

  it.each(['refresh_token', 'access_token', 'nonsense', ''])(
    'is found with the hint "%s" too',
    async (hint) => {
      const { token } = await stage.login('acme/alice')
      const response = await introspect(token, BACKEND, { token_type_hint: hint, unknown_member: 'x' })
      expect(await expectJson(response, 200)).toMatchObject({ active: true })
    },
  )

  it('lives on by being asked about, as by any other use', async () => {
    const { token } = await stage.login('acme/alice')
    for (let round = 0; round < 3; round++) {
      clock.aheadMs += 400_000
      expect(await activityOf(token)).toBe(true)
    }
    clock.aheadMs += 600_000
    expect(await activityOf(token)).toBe(false)
    clock.aheadMs = 0
  })

  it('is shown to each client only as far as it may see', async () => {
    const alice = await stage.login('acme/alice')
    const bob = await stage.login('acme/bob')
    const carol = await stage.login('globex/carol')
    expect(await (await introspect(alice.token, REPORTER)).json()).toMatchObject({
      active: true,
      aud: REPORTER.id,
      scope: 'reports:read',
    })
    const ofBob = (await (await introspect(bob.token, REPORTER)).json()) as object
    expect(ofBob).toMatchObject({ active: true })
    expect(ofBob).not.toHaveProperty('scope')
    expect(await activityOf(carol.token, REPORTER)).toBe(false)
    expect(await activityOf(carol.token, BACKEND)).toBe(true)
    expect(await activityOf(alice.token, CREATOR)).toBe(false)
  })
})

describe('a token that is not', () => {
  it('is answered with the same bytes and headers, whatever the cause', async () => {
    const ended = await stage.login('acme/alice')
    await stage.logout(ended)
    const revoked = await stage.login('acme/mallory')
    const operator = replica.as(await stage.login('curfew/operator'))
    await expectJson(await stage.revokeUser(operator, 'mallory'), 200)
    const live = await stage.login('acme/alice')
    const suspended = await stage.login('acme/eve')
    await expectJson(await operator.post('/v1/subjects/acme/eve/suspend'), 200)
    const wrong = `${live.token.slice(0, -1)}${live.token.endsWith('A') ? 'B' : 'A'}`
    const answers = new Set<string>()
    for (const [token, client] of [
      [ended.token, BACKEND],
      [revoked.token, BACKEND],
      [suspended.token, BACKEND],
      [wrong, BACKEND],
      [`cfs_${NOBODY}${live.token.slice(-43)}`, BACKEND],
      [relayTokenOf(live), BACKEND],
      ['nonsense', BACKEND],
      ['\u0000\r\nx: y', BACKEND],
      [live.token, CREATOR],
    ] as const) {
      const response = await introspect(token, client)
      const headers = Object.fromEntries(response.headers)
      delete headers['x-request-id']
      delete headers['date']
      answers.add(JSON.stringify([response.status, headers, await response.text()]))
    }
    expect([...answers]).toHaveLength(1)
    expect([...answers][0]).toContain('{\\"active\\":false}')
    // Inside, they are told apart.
    const results = replica.lines
      .map((line) => JSON.parse(line) as { event: string; result?: string })
      .filter(({ event }) => event === 'token.examined')
      .map(({ result }) => result)
    for (const cause of ['unknown', 'revoked', 'suspended', 'mismatch', 'relay', 'malformed', 'not-allowed'])
      expect(results).toContain(cause)
  })

  it('is not known by the time that it takes', async () => {
    const revoked = await stage.login('acme/trudy')
    await expectJson(await stage.revokeUser(replica.as(await stage.login('curfew/operator')), 'trudy'), 200)
    const causes = [revoked.token, `cfs_${NOBODY}${'A'.repeat(43)}`, 'nonsense']
    const times: number[][] = causes.map(() => [])
    for (let round = 0; round < 120; round++)
      for (const [index, token] of causes.entries()) {
        const startedAt = performance.now()
        await (await introspect(token)).arrayBuffer()
        times[index]?.push(performance.now() - startedAt)
      }
    const medians = times.map((each) => each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)] ?? 0)
    // A round trip more or less would show as a third; what is left is the machine.
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(1.5)
  })
})

describe('who asks', () => {
  it.each([
    ['nobody', { authorization: '' }],
    ['an unknown client', { authorization: `Basic ${Buffer.from('nobody:x').toString('base64')}` }],
    ['a wrong secret', { authorization: `Basic ${Buffer.from('backend:x').toString('base64')}` }],
    ['a bearer token', { authorization: 'Bearer x' }],
  ])('as %s is refused in the words of OAuth', async (_, headers) => {
    for (const path of ['/introspect', '/revoke']) {
      const response = await postForm(replica, path, { fields: { token: 'x' }, headers })
      expect(await expectJson(response, 401)).toMatchObject({ error: 'invalid_client' })
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    }
  })

  it('with GET is told the method, so that no token gets into a URL', async () => {
    for (const path of ['/introspect?token=x', '/revoke?token=x']) {
      const response = await fetch(new URL(path, replica.url))
      await expectProblem(response, 405, 'method-not-allowed')
      expect(response.headers.get('allow')).toBe('POST')
    }
  })

  it.each([
    ['no token', 'x=1', 400, 'invalid_request'],
    ['an empty token', 'token=', 400, 'invalid_request'],
    ['a token twice', 'token=a&token=b', 400, 'invalid_request'],
    ['a token that is too long', `token=${'a'.repeat(9_000)}`, 400, 'invalid_request'],
  ])('with %s is told so', async (_, fields, status, error) => {
    for (const path of ['/introspect', '/revoke']) {
      const response = await postForm(replica, path, { fields })
      expect(await expectJson(response, status)).toMatchObject({ error })
    }
  })

  it.each(['token=%E9', 'token=%ED%A0%80', 'token=a&token=b'])(
    'with the form %s is refused',
    async (fields) => {
      const body = await expectJson(await postForm(replica, '/introspect', { fields }), 400)
      expect(body).toMatchObject({ error: 'invalid_request' })
    },
  )

  it('with JSON is told that it must be a form', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await postForm(replica, '/introspect', { fields: '{"token":"x"}', headers })
    await expectProblem(response, 415, 'unsupported-media-type')
  })
})

describe('a client that revokes', () => {
  const revoke = (token: string, client = BACKEND, more = {}): Promise<Response> =>
    postForm(replica, '/revoke', { fields: { token, ...more }, client })
  const own = (): Promise<Created> => stage.login('acme/alice', { client: BACKEND.id as ClientId })

  it('ends the session, and is told the same again and for what never was a token', async () => {
    const session = await own()
    for (const token of [session.token, session.token, 'nonsense', `cfs_${NOBODY}${'A'.repeat(43)}`]) {
      const response = await revoke(token, BACKEND, { token_type_hint: 'nonsense' })
      expect([response.status, await response.text()]).toEqual([200, ''])
    }
    expect(await stage.statusOf(session)).toBe('unknown')
  })

  it('ends nothing with a wrong secret', async () => {
    const session = await own()
    const { token } = session
    const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    expect((await revoke(wrong)).status).toBe(200)
    expect(await stage.statusOf(session)).toBe('live')
  })

  it('is told of another client’s token what it is told of none, and it lives on', async () => {
    const session = await own()
    for (const token of [session.token, 'nonsense']) {
      const response = await revoke(token, CREATOR)
      expect([response.status, await response.text()]).toEqual([200, ''])
    }
    expect(await stage.statusOf(session)).toBe('live')
  })

  it('is told which types of token cannot be revoked', async () => {
    for (const token of [relayTokenOf(await own()), 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln'])
      expect(await expectJson(await revoke(token), 400)).toMatchObject({ error: 'unsupported_token_type' })
  })
})

describe('when Redis is away', () => {
  it('nothing is called inactive and nothing revoked: 503', async () => {
    const session = await stage.login('acme/alice', { client: BACKEND.id as ClientId })
    await stage.killRedis()
    for (const path of ['/introspect', '/revoke']) {
      const response = await postForm(replica, path, { fields: { token: session.token } })
      await expectProblem(response, 503, 'unavailable')
    }
    await stage.servers.redis.restart()
    await expect.poll(() => activityOf(session.token).catch(() => false), { timeout: 15_000 }).toBe(true)
  })
})
