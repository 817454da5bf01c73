/**
 * ① Group 2 on the running system: the cookie of a browser session, through login, rotation, logout and refusal.
 */
import { BrowserClient, expectJson, expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { asBearer, asCookie, COOKIE, logIn, plain, sessionCookies, tokenSet } from './calls.ts'
import { conforms } from './register.ts'
import { gatewayUrl, system } from './stage.ts'
import { cookies } from './statements/cookies.ts'
import { eventsOfTrail, linesOfRequest } from './trail.ts'

const attributesOf = (cookie: string): string[] => cookie.split('; ').slice(1).toSorted()

const FLAGS = ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']

/** Every answer in the life of one browser session. */
async function wholeLife(): Promise<Record<'login' | 'rotation' | 'loginAgain' | 'logout', Response>> {
  const browser = new BrowserClient(gatewayUrl())
  const { tenant, username, password } = system().account('alice')
  const credentials = { tenant, username, password }
  const login = await browser.post('/login', credentials)
  browser.csrfToken = (await expectJson<{ csrf_token: string }>(login.clone(), 200)).csrf_token
  const rotation = await browser.post('/session/elevate', { password })
  browser.csrfToken = (await expectJson<{ csrf_token: string }>(rotation.clone(), 200)).csrf_token
  const loginAgain = await browser.post('/login', credentials)
  browser.csrfToken = (await expectJson<{ csrf_token: string }>(loginAgain.clone(), 200)).csrf_token
  return { login, rotation, loginAgain, logout: await browser.post('/logout') }
}

conforms(cookies, ({ shows, shownBy }) => {
  shows(
    'CK-01',
    'login, rotation, second login and logout set __Host-session with Secure and Path=/, no Domain',
    async () => {
      for (const answer of Object.values(await wholeLife()))
        for (const cookie of answer.headers.getSetCookie()) {
          expect(cookie).toMatch(/^__Host-[a-z]+=/)
          expect(attributesOf(cookie)).toEqual(expect.arrayContaining(['Path=/', 'Secure']))
          expect(cookie.toLowerCase()).not.toContain('domain')
        }
    },
  )
  shownBy('CK-01', 'services/gateway/src/config.test.ts', 'refuse %s=%j')

  shows('CK-02', 'every cookie is HttpOnly, and no body and no other header holds its value', async () => {
    for (const answer of Object.values(await wholeLife())) {
      const set = answer.headers.getSetCookie()
      for (const cookie of set) expect(attributesOf(cookie)).toContain('HttpOnly')
      const elsewhere = [...answer.headers].filter(([name]) => name !== 'set-cookie').join('\n')
      const text = `${elsewhere}\n${await answer.text()}`
      expect(text).not.toMatch(/cfs_[A-Za-z0-9_-]{20}/)
      const value = tokenSet(answer)
      if (value !== '') expect(text).not.toContain(value.slice(-43))
    }
  })
  shownBy('CK-02', 'test/browser/account.test.ts', 'holds no token anywhere that a script can look')

  shows('CK-03', 'every cookie of every answer says SameSite=Lax', async () => {
    for (const answer of Object.values(await wholeLife()))
      for (const cookie of answer.headers.getSetCookie())
        expect(attributesOf(cookie)).toContain('SameSite=Lax')
  })
  shownBy('CK-03', 'test/browser/isolation.test.ts', 'cannot put the pages into a frame')

  shows('CK-04', 'a live session cookie has neither Expires nor Max-Age', async () => {
    const { login, rotation, loginAgain } = await wholeLife()
    for (const answer of [login, rotation, loginAgain])
      for (const cookie of sessionCookies(answer)) expect(attributesOf(cookie)).toEqual(FLAGS)
  })
  shownBy('CK-04', 'services/session/test/sessions.test.ts', 'ends an unused session at the idle limit')

  shows('CK-05', 'cookies are short, and no answer sets one name twice', async () => {
    for (const answer of Object.values(await wholeLife())) {
      const pairs = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
      for (const pair of pairs) expect(Buffer.byteLength(pair)).toBeLessThan(512)
      const names = pairs.map((pair) => pair.split('=')[0])
      expect(new Set(names).size).toBe(names.length)
    }
  })

  shows('CK-06', 'another spelling of the name counts for nothing', async () => {
    const token = tokenSet(await logIn('alice'))
    const evil = `cfs_${'E'.repeat(65)}`
    for (const cookie of [
      `__HOST-session=${evil}; ${COOKIE}=${token}`,
      `${COOKIE}=${token}; __host-Session=${evil}`,
      `x${COOKIE}=${evil}; ${COOKIE}=${token}; session=${evil}`,
    ])
      await expectJson(await plain().get('/session', { cookie }), 200)
    const onlyOdd = { cookie: `__HOST-session=${token}; __Host-Session=${token}` }
    await expectProblem(await plain().get('/session', onlyOdd), 401, 'unauthenticated')
  })
  shownBy(
    'CK-06',
    'packages/browser-boundary/src/cookies.test.ts',
    'is another one with %j beside its name, which a sibling host may set although it looks like ours',
  )
  shownBy(
    'CK-06',
    'packages/browser-boundary/src/cookies.test.ts',
    'of any bytes has the cookies that the grammar finds in it, and no other',
  )
  shows(
    'CK-06',
    'two cookies of the name are refused, whichever comes first, which is logged and audited',
    async () => {
      const token = tokenSet(await logIn('alice'))
      const evil = `cfs_${'E'.repeat(65)}`
      for (const pair of [
        [token, evil],
        [evil, token],
      ]) {
        const requestId = `repeated-${pair.indexOf(evil)}`
        const cookie = pair.map((value) => `${COOKIE}=${value}`).join('; ')
        const response = await plain().get('/session', { cookie, 'x-request-id': requestId })
        await expectProblem(response, 401, 'unauthenticated')
        const lines = async () => (await linesOfRequest('gateway', requestId)).map(({ event }) => event)
        await expect.poll(lines).toContain('request.cookie.repeated')
      }
      await expect.poll(() => eventsOfTrail({ type: 'cookie.repeated' })).not.toEqual([])
      await expectJson(await plain().get('/session', asCookie(token)), 200)
    },
  )

  shows(
    'CK-07',
    'logout deletes it with its own flags; a refusal leaves it, since a login may have replaced it',
    async () => {
      const { logout } = await wholeLife()
      const token = tokenSet(await logIn('alice'))
      const session = await expectJson<{ session: { id: string } }>(
        await plain().get('/session', asCookie(token)),
        200,
      )
      const other = await system().openBrowser('alice')
      expect((await other.delete(`/sessions/${session.session.id}`)).ok).toBe(true)
      const refused = await plain().get('/session', asCookie(token))
      expect(refused.status).toBe(401)
      expect(sessionCookies(logout).map(attributesOf)).toEqual([[...FLAGS, 'Max-Age=0'].toSorted()])
      // A refusal may come late, when a login has put another one in its place.
      expect(refused.headers.getSetCookie()).toEqual([])
      // A program has no cookie that could go.
      expect((await plain().get('/session', asBearer(token))).headers.getSetCookie()).toEqual([])
    },
  )
  shownBy(
    'CK-07',
    'test/browser/account.test.ts',
    'shows nothing after signing out, not by the back button either',
  )

  shows(
    'CK-08',
    'every answer, refusals and pages too, carries HSTS for a year, and none redirects; TLS itself ends at the proxy in front (services/gateway/README.md)',
    async () => {
      for (const path of ['/session', '/login', '/api/documents', '/nothing']) {
        const answer = await plain().get(path)
        expect(answer.headers.get('strict-transport-security'), path).toBe(
          'max-age=31536000; includeSubDomains',
        )
        expect(Math.floor(answer.status / 100), path).not.toBe(3)
      }
    },
  )
})
