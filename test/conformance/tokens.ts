/**
 * ① ④ Group 1 on the running system: what a token is made of, and through which door it may come.
 */
import { expectJson, expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { asBearer, asCookie, introspect, logIn, plain, postForm, tokenSet } from './calls.ts'
import { newTokens } from './backend.ts'
import { hostileTokens } from './hostile-tokens.ts'
import { conforms } from './register.ts'
import { eventsOfTrail } from './trail.ts'
import { system } from './stage.ts'
import { tokens } from './statements/tokens.ts'

const randomPart = (token: string): Buffer => Buffer.from(token.slice(-43), 'base64url')

const bitsOf = (bytes: Buffer): number[] =>
  [...bytes].flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((shift) => (byte >> shift) & 1))

/** How many standard deviations the ones are away from what a fair coin would show. */
function deviation(bits: readonly number[]): number {
  const ones = bits.reduce((sum, bit) => sum + bit, 0)
  return Math.abs(ones - bits.length / 2) / Math.sqrt(bits.length / 4)
}

// One in a hundred million for a fair coin.
const FAIR = 6

conforms(tokens, ({ shows, shownBy }) => {
  shows(
    'TOK-01',
    'a thousand tokens differ, are no UUIDs, and pass for 32 fair random bytes each',
    async () => {
      const issued = await newTokens(1_000)
      expect(new Set(issued.map((token) => token.slice(-43))).size).toBe(1_000)
      for (const token of issued) {
        expect(randomPart(token)).toHaveLength(32)
        expect(token).not.toMatch(/[0-9a-f]{8}-?[0-9a-f]{4}-?[1-8][0-9a-f]{3}-?[89ab][0-9a-f]{3}/i)
      }
      const rows = issued.map((token) => bitsOf(randomPart(token)))
      const positions = rows[0]!.map((_, at) => deviation(rows.map((row) => row[at] ?? 0)))
      expect(Math.max(...positions)).toBeLessThan(FAIR)
      const all = rows.flat()
      for (const lag of [1, 8, 256])
        expect(deviation(all.slice(lag).map((bit, at) => bit ^ (all[at] ?? 0)))).toBeLessThan(FAIR)
    },
  )
  shownBy('TOK-01', 'packages/contracts/src/tokens.test.ts', 'never repeat')

  shows(
    'TOK-02',
    'no decoding of a token shows a name or a time, and two of one user have nothing in common',
    async () => {
      const seconds = Math.floor(Date.now() / 1_000)
      const [first = '', second = ''] = await newTokens(2, 'alice')
      for (const token of [first, second]) {
        const body = token.slice(4)
        const readings = [
          body,
          ...(['base64url', 'hex', 'utf8', 'latin1'] as const).map((way) => decoded(body, way)),
        ]
        for (const reading of readings) {
          for (const name of ['alice', 'acme', 'editor', 'session', 'api', '{"'])
            expect(reading.toLowerCase()).not.toContain(name)
          for (const time of [seconds, seconds - 1, seconds * 1_000])
            expect(reading).not.toContain(String(time).slice(0, 9))
        }
        expect(token.split('.')).toHaveLength(1)
      }
      const pieces = Array.from({ length: 60 }, (_, at) => first.slice(4).slice(at, at + 6))
      expect(pieces.filter((piece) => second.includes(piece))).toEqual([])
    },
  )

  shows(
    'TOK-03',
    'one changed character is refused by the gateway, the service behind it and the authority',
    async () => {
      const { token } = await system().login('alice')
      for (const at of [5, 30, 68]) {
        const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
        await expectProblem(await plain().get('/session', asBearer(changed)), 401, 'unauthenticated')
        await expectProblem(await plain().get('/api/documents', asBearer(changed)), 401, 'unauthenticated')
        expect(await introspect(changed)).toEqual({ active: false })
      }
      const neverIssued = `cfs_${'B'.repeat(65)}`
      await expectProblem(await plain().get('/session', asBearer(neverIssued)), 401, 'unauthenticated')
      await expectJson(await plain().get('/session', asBearer(token)), 200)
    },
  )

  shows(
    'TOK-04',
    'a planted cookie is replaced at login, opens nothing afterwards, and stands in the trail',
    async () => {
      const planted = `cfs_${'P'.repeat(65)}`
      const requestId = `planted-${Date.now()}`
      const headers = { ...asCookie(planted), 'x-request-id': requestId, 'sec-fetch-site': 'same-origin' }
      const response = await logIn('alice', undefined, { headers })
      expect(response.status).toBe(200)
      expect(tokenSet(response)).not.toBe(planted)
      await expectProblem(await plain().get('/session', asCookie(planted)), 401, 'unauthenticated')
      expect(await introspect(planted)).toEqual({ active: false })
      const types = (await eventsOfTrail({ request_id: requestId })).map(({ type }) => type)
      expect(types).toContain('cookie.planted')
    },
  )

  shows(
    'TOK-05',
    'a token in the URL, a form, another header or the other client’s channel opens nothing',
    async () => {
      const { token } = await system().login('alice')
      const cookie = tokenSet(await logIn('alice'))
      const wrong: [string, Record<string, string>][] = [
        [`/session?access_token=${token}`, {}],
        [`/session;sid=${token}`, {}],
        [`/api/documents?token=${token}`, {}],
        ['/session', { 'x-session': token }],
        ['/session', { 'x-auth-token': token }],
        ['/session', { authorization: token }],
        ['/session', { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }],
        ['/session', asCookie(token)],
        ['/session', asBearer(cookie)],
      ]
      for (const [path, headers] of wrong)
        expect([401, 404]).toContain((await plain().get(path, headers)).status)
      const form = { authorization: '', origin: system().services.gateway.url }
      const posted = await postForm(
        `${system().services.gateway.url}/api/documents`,
        { access_token: token },
        form,
      )
      expect(posted.status).toBe(401)
    },
  )

  shows('TOK-05', 'cookie and bearer at once are an error, on every route', async () => {
    const { token } = await system().login('alice')
    const cookie = tokenSet(await logIn('alice'))
    for (const path of ['/session', '/sessions', '/api/documents']) {
      const response = await plain().get(path, { ...asCookie(cookie), ...asBearer(token) })
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_request"')
      await expectProblem(response, 400, 'ambiguous-credentials')
    }
  })

  shows('TOK-05', 'what was in an operator’s cookie opens nothing at the authority', async () => {
    const cookie = tokenSet(await logIn('operator'))
    const authority = plain(system().services.session.url)
    for (const headers of [asBearer(cookie), asCookie(cookie)])
      await expectProblem(await authority.get('/v1/sessions', headers), 401, 'unauthenticated')
    const { token } = await system().login('operator')
    await expectJson(await authority.get('/v1/sessions', asBearer(token)), 200)
  })

  shownBy('TOK-06', 'test/flows/secrets.test.ts', 'is written nowhere')
  shownBy('TOK-06', 'test/flows/secrets.test.ts', 'finds a planted secret, however it is disguised')

  shows(
    'TOK-07',
    'hostile tokens are refused in the words for any other, are not echoed, and cost no time',
    async () => {
      for (const [name, token] of hostileTokens()) {
        const began = performance.now()
        const response = await plain().get('/session', { authorization: `Bearer ${token}` })
        expect([400, 401, 431], name).toContain(response.status)
        expect((await response.text()).includes(token), name).toBe(false)
        expect(performance.now() - began, name).toBeLessThan(2_000)
        if (token.length <= 8_192) expect(await introspect(token), name).toEqual({ active: false })
      }
    },
  )

  shows('TOK-08', 'login, session, list, elevation, introspection and claims say no-store', async () => {
    const browser = await system().openBrowser('alice')
    const elevated = await browser.post('/session/elevate', { password: system().account('alice').password })
    browser.csrfToken = (await expectJson<{ csrf_token: string }>(elevated.clone(), 200)).csrf_token
    const answers = [
      await logIn('alice'),
      await logIn('alice', 'api'),
      await browser.get('/session'),
      await browser.get('/sessions'),
      elevated,
      await postForm(`${system().services.session.url}/introspect`, { token: 'x' }),
      await browser.post('/api/documents', { name: 'a.txt', content_type: 'text/plain' }),
    ]
    for (const answer of answers) {
      expect(answer.ok, answer.url).toBe(true)
      expect(answer.headers.get('cache-control'), answer.url).toBe('no-store')
    }
  })
})

function decoded(text: string, way: BufferEncoding): string {
  return Buffer.from(text, way).toString('latin1')
}
