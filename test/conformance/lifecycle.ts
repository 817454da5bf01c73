/**
 * ① ④ Group 3 on the running system: when a token is replaced, and what becomes of the one before.
 */
import { expectJson, expectProblem, type BrowserClient } from '@curfew/test-kit'
import { expect } from 'vitest'

import { newToken } from './backend.ts'
import { asBearer, asCookie, COOKIE, introspect, logIn, plain, tokenSet } from './calls.ts'
import { conforms } from './register.ts'
import { gatewayUrl, strictUrl, system } from './stage.ts'
import { lifecycle } from './statements/lifecycle.ts'
import { eventsOfTrail } from './trail.ts'

const cookieOf = (browser: BrowserClient): string => browser.cookie(COOKIE) ?? ''

async function expectDead(token: string): Promise<void> {
  for (const path of ['/session', '/api/documents'])
    for (const url of [system().services.gateway.url, strictUrl()])
      await expectProblem(await plain(url).get(path, asCookie(token)), 401, 'unauthenticated')
  expect(await introspect(token)).toEqual({ active: false })
}

/** The password once more: another token for the same session. */
async function elevate(browser: BrowserClient, username = 'alice'): Promise<void> {
  const answer = await browser.post('/session/elevate', { password: system().account(username).password })
  browser.csrfToken = (await expectJson<{ csrf_token: string }>(answer, 200)).csrf_token
}

conforms(lifecycle, ({ shows, shownBy, except }) => {
  shows(
    'LC-01',
    'a second login with the cookie of the first gets another token, and the first is dead everywhere',
    async () => {
      const before = tokenSet(await logIn('alice'))
      const headers = { ...asCookie(before), 'sec-fetch-site': 'same-origin' }
      const after = tokenSet(await logIn('alice', undefined, { headers }))
      expect(after).not.toBe(before)
      await expectDead(before)
      await expectJson(await plain().get('/session', asCookie(after)), 200)
    },
  )
  shows(
    'LC-01',
    'a re-authentication gets another token; the first use of it ends the time of the one before',
    async () => {
      const browser = await system().openBrowser('alice')
      const before = cookieOf(browser)
      await elevate(browser)
      expect(cookieOf(browser)).not.toBe(before)
      await expectJson(await browser.get('/session'), 200)
      await expect
        .poll(async () => (await plain().get('/session', asCookie(before))).status, {
          timeout: 15_000,
          interval: 500,
        })
        .toBe(401)
      await expectDead(before)
    },
  )

  shownBy(
    'LC-02',
    'services/gateway/test/password.test.ts',
    'ends the other sessions of its owner, and gives this browser a new token and value',
  )
  shownBy(
    'LC-02',
    'services/gateway/test/own-sessions.test.ts',
    'gives a browser a new cookie and a new anti-forgery value, which takes the place of the one before',
  )
  except(
    'LC-02',
    'an operator’s change of roles or permissions does not rotate. The rule is about tokens that carry or select privileges and may have been known to somebody before; here a token carries none, permissions belong to the person and are withdrawn and given in live sessions (PC-01), and a rotation would hand the new token to whoever asks first, a thief included. Where a rise is to reach fresh logins only, the person’s sessions are ended first (docs/operations.md)',
  )

  shows(
    'LC-03',
    'before a login there is no session cookie at all, and what is planted as one never becomes a session',
    async () => {
      for (const path of ['/login', '/account', '/session'])
        expect((await plain().get(path, { accept: 'text/html' })).headers.getSetCookie()).toEqual([])
      const chosen = `cfs_${'L'.repeat(65)}`
      const headers = { ...asCookie(chosen), 'sec-fetch-site': 'same-origin' }
      expect(tokenSet(await logIn('bob', undefined, { headers }))).not.toBe(chosen)
      await expectDead(chosen)
    },
  )
  shows('LC-03', 'the cookie that remembers a device has a name of its own and opens nothing', async () => {
    const device = (await logIn('alice')).headers
      .getSetCookie()
      .find((one) => one.startsWith('__Host-device='))
    const value = (device ?? '').slice('__Host-device='.length).split(';')[0] ?? ''
    expect(value.length).toBeGreaterThan(20)
    await expectProblem(
      await plain().get('/session', { cookie: `__Host-device=${value}` }),
      401,
      'unauthenticated',
    )
    await expectDead(value)
  })

  shows(
    'LC-04',
    'fifty requests at a time with the old cookie hear no 401 across a rotation, nor do those that arrive just after the new one',
    async () => {
      const browser = await system().openBrowser('alice')
      const before = cookieOf(browser)
      const heard = new Set<number>()
      const askWith = async (token: string, at: number): Promise<void> => {
        const url = at % 2 === 0 ? gatewayUrl() : strictUrl()
        const path = at % 3 === 0 ? '/api/documents' : '/session'
        const answer = await plain(url).get(path, asCookie(token))
        await answer.arrayBuffer()
        heard.add(answer.status)
      }
      const over = new AbortController()
      const page = Array.from({ length: 50 }, async (_, at) => {
        while (!over.signal.aborted) await askWith(before, at)
      })
      await elevate(browser)
      const after = cookieOf(browser)
      over.abort()
      await Promise.all(page)
      // What was on its way when the new one arrived reaches the gateways after it.
      await askWith(after, 0)
      await Promise.all(Array.from({ length: 30 }, (_, at) => askWith(at % 3 === 0 ? after : before, at)))
      await Promise.all([0, 1, 2, 3].map((at) => askWith(after, at)))
      expect([...heard]).toEqual([200])
    },
  )
  shows(
    'LC-04',
    'a moment after the new cookie was used the old one ends the session, the new one with it, and the trail says so',
    async () => {
      const browser = await system().openBrowser('alice')
      const before = cookieOf(browser)
      await elevate(browser)
      const after = cookieOf(browser)
      const { sid = '' } = await introspect(after)
      await expectJson(await browser.get('/session'), 200)
      const oldOne = async () => (await plain().get('/session', asCookie(before))).status
      await expect.poll(oldOne, { timeout: 9_000, interval: 250 }).toBe(401)
      const newOne = async () => (await plain().get('/session', asCookie(after))).status
      await expect.poll(newOne, { timeout: 5_000 }).toBe(401)
      await expectDead(after)
      const types = async () => (await eventsOfTrail({ session: sid })).map(({ type }) => type)
      await expect.poll(types).toContain('session.predecessor-used')
    },
  )
  shownBy(
    'LC-04',
    'services/session/test/rotation.test.ts',
    'hear no 401 while the session is rotated, at two gateways, and neither do the services behind them',
  )
  shownBy('LC-04', 'services/session/test/rotation.test.ts', 'is never longer than it is set, and 0 is none')

  shows('LC-05', 'acr, amr and auth_time in body, query and headers of a login change nothing', async () => {
    const { tenant, password } = system().account('alice')
    const inBody = { tenant, username: 'alice', password, client: 'api', acr: 'aal3' }
    await expectProblem(await plain().post('/login', inBody), 400, 'bad-request')
    const claims = { acr: 'aal3', amr: 'hwk', 'x-acr': 'aal3', 'auth-time': '4102444800' }
    const answer = await plain().request('POST', '/login?acr=aal3&auth_time=4102444800', {
      json: { tenant, username: 'alice', password, client: 'api' },
      headers: claims,
    })
    // An unknown member of the query may be refused as well.
    const { token } = answer.ok
      ? await expectJson<{ token: string }>(answer, 200)
      : await system().login('alice')
    const told = await introspect(token)
    expect(told.acr).toBe('aal1')
    expect(Math.abs((told.auth_time ?? 0) - Date.now() / 1_000)).toBeLessThan(30)
  })
  shows('LC-05', 'a backend that says nothing of the level gets the lowest', async () => {
    expect((await introspect(await newToken('level-less'))).acr).toBe('aal1')
  })

  shownBy(
    'LC-06',
    'services/session/test/session-limit.test.ts',
    'loses the oldest with one more login, before that is answered, and nobody else loses any',
  )
  shownBy(
    'LC-06',
    'services/session/test/session-limit.test.ts',
    'has exactly that many after fifty logins at once at two replicas',
  )

  shows(
    'LC-07',
    'the list shows metadata only; ending another needs a recent password, and then it is over everywhere',
    async () => {
      const browser = await system().openBrowser('carol', strictUrl())
      const other = await system().login('carol')
      const answer = await browser.get('/sessions')
      const text = await answer.clone().text()
      expect(text).not.toMatch(/cf[sr]_/)
      expect(text).not.toContain(other.token.slice(-43))
      const id = (await introspect(other.token)).sid ?? ''
      const { sessions } = await expectJson<{ sessions: { id: string }[] }>(answer, 200)
      expect(sessions.map((each) => each.id)).toContain(id)

      await expect
        .poll(async () => (await browser.post('/sessions/revoke-others')).headers.get('www-authenticate'))
        .toContain('insufficient_user_authentication')
      await elevate(browser, 'carol')
      expect((await browser.delete(`/sessions/${id}`)).status).toBe(204)
      await expectProblem(await plain().get('/session', asBearer(other.token)), 401, 'unauthenticated')
      expect(await introspect(other.token)).toEqual({ active: false })
      expect((await eventsOfTrail({ session: id })).map(({ type }) => type)).toContain('session.ended')
    },
  )
})
