import { newSessionId } from '@curfew/contracts'
import { BearerClient, HttpClient, expectJson, expectProblem, type BrowserClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { COOKIE, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'

let system: GatewaySystem
beforeAll(async () => {
  system = await startGatewaySystem()
})
afterAll(async () => {
  await system.stop()
})

interface Shown {
  readonly id: string
  readonly user: string
  readonly auth_time: string
  readonly current?: true
}
interface Issued {
  readonly session: Shown
  readonly csrf_token: string
  readonly token: string
}

async function sessionsOf(caller: BearerClient | BrowserClient): Promise<Shown[]> {
  return (await expectJson<{ sessions: Shown[] }>(await caller.get('/sessions'), 200)).sessions
}
async function idOf(caller: BearerClient | BrowserClient): Promise<string> {
  return (await expectJson<{ session: Shown }>(await caller.get('/session'), 200)).session.id
}
const elevate = (caller: BearerClient | BrowserClient, username = 'alice') =>
  caller.post('/session/elevate', { password: system.credentials(username).password })

describe('POST /session/elevate', () => {
  it('gives a browser a new cookie and a new anti-forgery value, which takes the place of the one before', async () => {
    const browser = await system.loginAsBrowser('alice')
    const [old, oldCsrf] = [browser.cookie(COOKIE), browser.csrfToken]
    const response = await elevate(browser)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toHaveLength(1)
    const body = await expectJson<Issued>(response, 200)
    expect(Object.keys(body).toSorted()).toEqual(['csrf_token', 'session'])
    expect(JSON.stringify(body)).not.toContain('cfs_')
    expect(browser.cookie(COOKIE)).not.toBe(old)
    await expectProblem(await browser.post('/sessions/revoke-others'), 403, 'csrf-rejected')
    expect(oldCsrf).toBe(browser.csrfToken)
    browser.csrfToken = body.csrf_token
    await expectJson(await browser.post('/sessions/revoke-others'), 200)
  })

  it('gives a program its new token in the body and no cookie', async () => {
    const program = await system.loginAsProgram('alice')
    const response = await elevate(program)
    expect(response.headers.getSetCookie()).toEqual([])
    const body = await expectJson<Issued>(response, 200)
    expect(Object.keys(body).toSorted()).toEqual(['session', 'token', 'token_type'])
    expect(body.token).not.toBe(program.token)
    const after = new BearerClient(system.url, body.token)
    expect(await idOf(after)).toBe(body.session.id)
  })

  it('refuses a wrong password, and the session goes on as it was', async () => {
    const browser = await system.loginAsBrowser('alice')
    const response = await browser.post('/session/elevate', { password: 'wrong' })
    expect(response.headers.getSetCookie()).toEqual([])
    await expectProblem(response, 401, 'invalid-credentials')
    await idOf(browser)
  })

  it.each([{}, { password: '' }, { password: 'x', acr: 'aal3' }, { password: 'x'.repeat(1025) }, []])(
    'takes nothing but a password: %j',
    async (body) => {
      const program = await system.loginAsProgram('alice')
      await expectProblem(await program.post('/session/elevate', body), 400, 'bad-request')
    },
  )

  it('needs a session, and of a cookie the anti-forgery value', async () => {
    const browser = await system.loginAsBrowser('alice')
    browser.csrfToken = undefined
    await expectProblem(await elevate(browser), 403, 'csrf-rejected')
    await expectProblem(await elevate(new BearerClient(system.url, 'cfs_')), 401, 'unauthenticated')
  })
})

describe('the list of own sessions', () => {
  it('has each with what is known of it, the one that asks marked, and no token', async () => {
    const [browser, program] = [await system.loginAsBrowser('bob'), await system.loginAsProgram('bob')]
    const response = await browser.get('/sessions')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    for (const token of [browser.cookie(COOKIE) ?? '', program.token])
      expect(text).not.toContain(token.slice(26))
    const sessions = await sessionsOf(browser)
    expect(new Set(sessions.map(({ user }) => user))).toEqual(new Set(['bob']))
    expect(sessions.filter(({ current }) => current).map(({ id }) => id)).toEqual([await idOf(browser)])
    expect(sessions.map(({ id }) => id)).toContain(await idOf(program))
    for (const session of sessions) expect(session).toHaveProperty('last_seen_at')
  })

  it('is for nobody without a session', async () => {
    await expectProblem(await fetch(`${system.url}/sessions`), 401, 'unauthenticated')
  })
})

describe('ending own sessions', () => {
  it('ends the one that is named, everywhere, and no other', async () => {
    const [mine, theirs] = [await system.loginAsBrowser('alice'), await system.loginAsProgram('alice')]
    const id = await idOf(theirs)
    expect((await mine.delete(`/sessions/${id}`)).status).toBe(204)
    await expectProblem(await theirs.get('/session'), 401, 'unauthenticated')
    await expectProblem(await mine.delete(`/sessions/${id}`), 404, 'not-found')
    await idOf(mine)
  })

  it('says the same of a session of somebody else, of none and of no id', async () => {
    const [alice, bob] = [await system.loginAsProgram('alice'), await system.loginAsProgram('bob')]
    const bodies = new Set<string>()
    for (const id of [await idOf(bob), newSessionId(), 'not-an-id', '..%2fsession']) {
      const { request_id: _, ...rest } = await expectProblem(
        await alice.delete(`/sessions/${id}`),
        404,
        'not-found',
      )
      bodies.add(JSON.stringify(rest))
    }
    expect(bodies.size).toBe(1)
    await idOf(bob)
  })

  it('is a logout when it is the one that asks', async () => {
    const browser = await system.loginAsBrowser('alice')
    const response = await browser.delete(`/sessions/${await idOf(browser)}`)
    expect(response.status).toBe(204)
    expect(response.headers.get('clear-site-data')).toBe('"cache", "cookies", "storage"')
    expect(browser.cookie(COOKIE)).toBeUndefined()
  })

  it('spares the one that asks when it is about all others', async () => {
    const mine = await system.loginAsBrowser('alice')
    const other = [await system.loginAsBrowser('alice'), await system.loginAsProgram('alice')]
    const bob = await system.loginAsProgram('bob')
    expect(await expectJson(await mine.post('/sessions/revoke-others'), 200)).toEqual({ state: 'confirmed' })
    for (const each of other) await expectProblem(await each.get('/session'), 401, 'unauthenticated')
    expect((await sessionsOf(mine)).map(({ current }) => current)).toEqual([true])
    await idOf(bob)
  })

  it('needs the anti-forgery value of a cookie', async () => {
    const browser = await system.loginAsBrowser('alice')
    const id = await idOf(await system.loginAsProgram('alice'))
    browser.csrfToken = undefined
    await expectProblem(await browser.post('/sessions/revoke-others'), 403, 'csrf-rejected')
    await expectProblem(await browser.delete(`/sessions/${id}`), 403, 'csrf-rejected')
  })
})

describe('a session that a backend has begun', () => {
  async function begunByBackend(user: string): Promise<BearerClient> {
    const [backend] = system.identities.clients
    const basic = Buffer.from(`${backend?.id}:${backend?.secret}`).toString('base64')
    const response = await new HttpClient(system.sessionUrl).request('POST', '/v1/sessions', {
      json: { tenant: 'acme', user },
      headers: { authorization: `Basic ${basic}` },
    })
    return new BearerClient(system.url, (await expectJson<Issued>(response, 201)).token)
  }

  it('signs its user out nowhere else, and ends only sessions of the same backend', async () => {
    const own = [await system.loginAsBrowser('alice'), await system.loginAsProgram('alice')]
    const [asking, other] = [await begunByBackend('alice'), await begunByBackend('alice')]
    await expectProblem(await asking.post('/sessions/revoke-others'), 403, 'forbidden')
    for (const each of own)
      await expectProblem(await asking.delete(`/sessions/${await idOf(each)}`), 403, 'forbidden')
    for (const each of [...own, other]) await idOf(each)
    expect((await asking.delete(`/sessions/${await idOf(other)}`)).status).toBe(204)
    await expectProblem(await other.get('/session'), 401, 'unauthenticated')
  })

  it('ends with all others that its user ends, and ends itself', async () => {
    const [asking, other] = [await begunByBackend('alice'), await begunByBackend('alice')]
    expect((await other.delete(`/sessions/${await idOf(other)}`)).status).toBe(204)
    await expectJson(await (await system.loginAsProgram('alice')).post('/sessions/revoke-others'), 200)
    await expectProblem(await asking.get('/session'), 401, 'unauthenticated')
  })

  it('changes the password with the password, which is worth a login, and then ends all others', async () => {
    const [asking, own] = [await begunByBackend('bob'), await system.loginAsProgram('bob')]
    const { password } = system.credentials('bob')
    const json = { current_password: password, new_password: 'another passphrase for bob' }
    await expectJson(await asking.post('/session/password', json), 200)
    await expectProblem(await own.get('/session'), 401, 'unauthenticated')
  })
})
