/**
 * ② ④ ⑤ Group 5 on the running system: sessions are ended. What needs parts to fail is shown in test/faults.
 */
import { expectJson, expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { newToken, newTokens } from './backend.ts'
import { asBearer, asCookie, COOKIE, introspect, plain, postForm } from './calls.ts'
import { atAuthority, grant, revoke, suspend } from './operating.ts'
import { conforms } from './register.ts'
import { gatewayUrl, otherAuthorityUrl, strictUrl, system } from './stage.ts'
import { revocation } from './statements/revocation.ts'

async function expectOver(token: string): Promise<void> {
  for (const url of [gatewayUrl(), strictUrl()])
    for (const path of ['/session', '/api/documents'])
      await expectProblem(await plain(url).get(path, asBearer(token)), 401, 'unauthenticated')
  for (const url of [system().services.session.url, otherAuthorityUrl()])
    expect(await introspect(token, url)).toEqual({ active: false })
}

const isLive = async (token: string): Promise<boolean> =>
  (await plain().get('/session', asBearer(token))).status === 200

conforms(revocation, ({ shows, shownBy, except }) => {
  shows(
    'RV-01',
    'after a logout the token is refused at both gateways and both replicas, however often',
    async () => {
      const alice = await system().login('alice')
      expect((await alice.post('/logout')).status).toBe(204)
      for (let again = 0; again < 3; again += 1) await expectOver(alice.token)
    },
  )
  shows('RV-01', 'so it is after each scope of revocation', async () => {
    for (const scopeOf of [
      (id: string) => ({ type: 'session', session: id }),
      () => ({ type: 'user', tenant: 'acme', user: 'ended-often' }),
    ]) {
      const token = await newToken('ended-often')
      const { sid = '' } = await introspect(token)
      expect((await revoke(scopeOf(sid))).state).toBe('confirmed')
      await expectOver(token)
    }
  })

  shows(
    'RV-02',
    'of 200 sessions, none is admitted at either gateway by a request that begins after `confirmed`',
    async () => {
      const user = 'ended-in-a-row'
      await grant(user, ['viewer'])
      for (let round = 0; round < 10; round += 1) {
        const tokens = await newTokens(20, user)
        const urls = [gatewayUrl(), strictUrl()]
        const ask = (token: string, url: string) => plain(url).get('/api/documents', asBearer(token))
        // Remembered everywhere, and asked about all the time.
        for (const url of urls)
          for (const answer of await Promise.all(tokens.map((token) => ask(token, url))))
            expect(answer.status).toBe(200)
        expect((await revoke({ type: 'user', tenant: 'acme', user })).state).toBe('confirmed')
        const after = await Promise.all(urls.flatMap((url) => tokens.map((token) => ask(token, url))))
        expect(new Set(after.map(({ status }) => status))).toEqual(new Set([401]))
      }
    },
  )
  shownBy(
    'RV-02',
    'test/faults/processes.test.ts',
    'stands still is confirmed after W at most, and holds at the very moment it goes on',
  )

  shownBy('RV-03', 'test/faults/links.test.ts', 'is silent both ways')
  shownBy(
    'RV-03',
    'packages/verifier/test/leases.test.ts',
    'a lost broker makes checks unsure, and it answers from memory again when it is back',
  )
  shownBy(
    'RV-04',
    'test/flows/restarts.test.ts',
    'without NATS nobody is admitted for longer than a lease, and nobody is called unauthenticated: 503, with Retry-After',
  )
  shownBy(
    'RV-04',
    'services/session/test/lost-servers.test.ts',
    'nothing is decided, and revocations still take effect',
  )
  shownBy('RV-04', 'test/faults/servers.test.ts', 'stands still for less than W, and for more')

  shows(
    'RV-05',
    'who logs in right after everything of theirs was ended is in, and the ended sessions stay ended',
    async () => {
      const user = 'comes-back'
      const before = await newToken(user)
      await revoke({ type: 'user', tenant: 'acme', user })
      const after = await newToken(user)
      expect(await isLive(after)).toBe(true)
      await expectOver(before)
      await grant(user, ['viewer'])
      await expectOver(before)
      expect(await isLive(after)).toBe(true)
    },
  )
  shownBy(
    'RV-05',
    'packages/verifier/src/answers-and-doubt.test.ts',
    'read before an entry that touches the session is not believed',
  )
  shownBy('RV-05', 'services/session/test/revocations.test.ts', 'wins against a login whatever their order')

  shows(
    'RV-06',
    'twenty revocations of one session at once are one; revoking a token again, or what never was one, is 200',
    async () => {
      const token = await newToken('ended-by-many')
      const { sid = '' } = await introspect(token)
      const operator = await atAuthority()
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          operator.request('POST', '/v1/revocations', {
            json: { scope: { type: 'session', session: sid }, reason: 'twenty' },
            headers: { 'idempotency-key': `twenty-${sid}` },
          }),
        ),
      )
      const ids = await Promise.all(
        answers.map(
          async (answer) => (await expectJson<{ revocation: { id: string } }>(answer, 200)).revocation.id,
        ),
      )
      expect(new Set(ids).size).toBe(1)
      const revokeUrl = `${system().services.session.url}/revoke`
      for (const gone of [token, token, `cfs_${'G'.repeat(65)}`, 'nonsense'])
        expect((await postForm(revokeUrl, { token: gone })).status).toBe(200)
    },
  )

  except(
    'RV-06',
    'an operator who names a session that is not there is told 404, so that a mistyped id does not look like a success. Who repeats a request sends its Idempotency-Key, and hears the first answer',
  )

  shows('RV-07', 'a suspended user’s sessions, tokens and claims are worth nothing', async () => {
    const user = 'suspended-one'
    await grant(user, ['editor'])
    const token = await newToken(user)
    const document = { name: 'a.txt', content_type: 'text/plain' }
    const created = await plain().request('POST', '/api/documents', {
      json: document,
      headers: asBearer(token),
    })
    const { upload } = await expectJson<{ upload: { url: string; claim: string } }>(created, 201)
    await suspend(user, 'suspend')
    try {
      await expectOver(token)
      const headers = { authorization: `Bearer ${upload.claim}`, 'content-type': 'text/plain' }
      const answer = await fetch(upload.url, { method: 'PUT', headers, body: 'late' })
      await expectProblem(answer, 403, 'claim-withdrawn')
    } finally {
      await suspend(user, 'resume')
    }
  })

  shownBy(
    'RV-08',
    'services/gateway/test/password.test.ts',
    'ends the other sessions of its owner, and gives this browser a new token and value',
  )
  shownBy(
    'RV-08',
    'test/browser/password.test.ts',
    'is refused with the reason, accepted with the right one, and signs out everywhere else',
  )

  shows(
    'RV-09',
    'a logout asks the browser to forget everything, and the account page has the button',
    async () => {
      const browser = await system().openBrowser('alice')
      const page = await (await browser.get('/account')).text()
      expect(page).toMatch(/<button[^>]*>[^<]*Sign out/)
      const answer = await browser.post('/logout')
      expect(answer.headers.get('clear-site-data')).toBe('"cache", "cookies", "storage"')
      expect(browser.cookie(COOKIE)).toBeUndefined()
    },
  )
  shownBy(
    'RV-09',
    'test/browser/account.test.ts',
    'shows nothing after signing out, not by the back button either',
  )

  shows('RV-10', 'streams at both gateways say so and end when their session is revoked', async () => {
    const browser = await system().openBrowser('bob')
    const headers = asCookie(browser.cookie(COOKIE) ?? '')
    const streams = await Promise.all(
      [gatewayUrl(), strictUrl()].map((url) => plain(url).get('/session/events', headers)),
    )
    expect(streams.map(({ status }) => status)).toEqual([200, 200])
    const texts = Promise.all(streams.map((stream) => stream.text()))
    const { session } = await expectJson<{ session: { id: string } }>(await browser.get('/session'), 200)
    expect((await revoke({ type: 'session', session: session.id })).state).toBe('confirmed')
    const confirmedMs = performance.now()
    for (const text of await texts) expect(text).toContain('event: revoked')
    expect(performance.now() - confirmedMs).toBeLessThan(2_000)
  })
})
