/**
 * ① Group 7 on the running system: proving again who one is, at a gateway where a password is recent for one second.
 */
import { expectJson, expectProblem, type BrowserClient } from '@curfew/test-kit'
import { expect } from 'vitest'

import { COOKIE, introspect } from './calls.ts'
import { conforms } from './register.ts'
import { strictUrl, system } from './stage.ts'
import { stepUp } from './statements/step-up.ts'
import { eventsOfTrail } from './trail.ts'

const revokeOthers = (browser: BrowserClient): Promise<Response> => browser.post('/sessions/revoke-others')

/** Signed in, and long enough ago. */
async function staleBrowser(): Promise<BrowserClient> {
  const browser = await system().openBrowser('carol', strictUrl())
  await expect.poll(async () => (await revokeOthers(browser)).status, { timeout: 10_000 }).toBe(401)
  return browser
}

async function elevate(browser: BrowserClient): Promise<void> {
  const answer = await browser.post('/session/elevate', { password: system().account('carol').password })
  browser.csrfToken = (await expectJson<{ csrf_token: string }>(answer, 200)).csrf_token
}

conforms(stepUp, ({ shows, shownBy }) => {
  shows(
    'SU-01',
    'the challenge says insufficient_user_authentication and max_age, and after a step-up the act succeeds',
    async () => {
      const browser = await staleBrowser()
      const refused = await revokeOthers(browser)
      const challenge = refused.headers.get('www-authenticate') ?? ''
      expect(challenge).toMatch(/^Bearer /)
      expect(challenge).toContain('error="insufficient_user_authentication"')
      expect(challenge).toMatch(/max_age="?\d+"?/)
      await expectProblem(refused, 401, 'insufficient-authentication')
      await elevate(browser)
      expect((await revokeOthers(browser)).status).toBe(200)
    },
  )
  shownBy(
    'SU-01',
    'packages/fastify/src/recent-auth.test.ts',
    'says what would do, so that a program can bring it about',
  )

  shows('SU-02', 'a new password needs the current one, whatever the age of the session', async () => {
    const browser = await system().openBrowser('carol', strictUrl())
    const change = (json: object) => browser.request('POST', '/session/password', { json })
    const fresh = 'a long new password, never used'
    await expectProblem(await change({ new_password: fresh }), 400, 'bad-request')
    const wrong = await change({ current_password: 'not this one', new_password: fresh })
    await expectProblem(wrong, 401, 'invalid-credentials')
    expect((await browser.get('/session')).status).toBe(200)
  })
  shownBy(
    'SU-02',
    'services/gateway/test/password.test.ts',
    'is slowed down for whoever holds the session and guesses, and nobody else',
  )

  shows(
    'SU-03',
    'a step-up rotates, begins exp and auth_time anew, keeps the id, is in the trail, and wears off',
    async () => {
      const browser = await staleBrowser()
      const before = browser.cookie(COOKIE) ?? ''
      const told = await introspect(before)
      await elevate(browser)
      const after = browser.cookie(COOKIE) ?? ''
      expect(after).not.toBe(before)
      const retold = await introspect(after)
      expect(retold.sid).toBe(told.sid)
      expect(retold.auth_time ?? 0).toBeGreaterThan(told.auth_time ?? 0)
      expect(retold.exp ?? 0).toBeGreaterThan(told.exp ?? 0)
      const events = await eventsOfTrail({ session: told.sid ?? '' })
      expect(events.find(({ type }) => type === 'session.rotated')?.effect).toContain('authenticated anew')
      expect((await revokeOthers(browser)).status).toBe(200)
      await expect.poll(async () => (await revokeOthers(browser)).status, { timeout: 10_000 }).toBe(401)
    },
  )
})
