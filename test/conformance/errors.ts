/**
 * ①–⑦ Group 14 on the running system: what is said when something is refused.
 */
import { PROBLEMS, type ProblemBody } from '@curfew/contracts'
import { expectJson, expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { newToken } from './backend.ts'
import { asBearer, asCookie, logIn, plain } from './calls.ts'
import { revoke } from './operating.ts'
import { conforms } from './register.ts'
import { everybody, limitedUrl, system } from './stage.ts'
import { errors } from './statements/errors.ts'

/** Nobody else’s limits are used up: an address that only this test speaks for. */
let addresses = 0
const fromElsewhere = (): Record<string, string> => ({ 'x-forwarded-for': `203.0.113.${(addresses += 1)}` })

conforms(errors, ({ shows, shownBy }) => {
  shows(
    'HE-01',
    'whatever is refused is a problem whose type, title and status agree, and shows no insides',
    async () => {
      const { token } = await system().login('bob')
      const asked: [string, string, object][] = [
        ['GET', '/session', {}],
        ['GET', '/session', asBearer('nonsense')],
        ['GET', '/nothing', {}],
        ['PUT', '/login', {}],
        ['POST', '/login', { 'content-type': 'text/plain' }],
        ['POST', '/login', { 'content-type': 'application/json' }],
        ['GET', '/api/unknown/x', asBearer(token)],
        ['GET', '/api/documents/nothing', asBearer(token)],
        ['GET', '/api/documents?limit=x', asBearer(token)],
        ['DELETE', '/api/documents/AAAAAAAAAAAAAAAAAAAAAA', asBearer(token)],
        ['GET', '/%zz', {}],
      ]
      for (const [method, path, headers] of asked) {
        const body = method === 'POST' ? { body: '{"a":' } : {}
        const answer = await plain().request(method, path, {
          headers: headers as Record<string, string>,
          ...body,
        })
        const text = await answer.text()
        expect(answer.headers.get('content-type'), `${method} ${path}`).toContain('application/problem+json')
        const problem = JSON.parse(text) as ProblemBody
        expect(problem.status).toBe(answer.status)
        expect(PROBLEMS[problem.code]).toMatchObject({ status: answer.status, title: problem.title })
        expect(problem.type).toBe(`urn:curfew:problem:${problem.code}`)
        expect(text).not.toMatch(/node_modules|\.ts:|at [a-z]+ \(|ioredis|NatsError|stack/i)
      }
    },
  )
  shownBy('HE-01', 'packages/service-kit/test/http-errors.test.ts', 'as a problem is answered as it is')

  shows(
    'HE-02',
    'a 401 without credentials challenges without an error, one with a bad token says invalid_token',
    async () => {
      for (const path of ['/session', '/sessions', '/session/events', '/forward-auth', '/api/documents']) {
        const none = (await plain().get(path)).headers.get('www-authenticate')
        expect(none, path).toMatch(/^Bearer realm="[^"]+"$/)
        for (const headers of [asBearer(`cfs_${'X'.repeat(65)}`), asCookie('nonsense')])
          expect((await plain().get(path, headers)).headers.get('www-authenticate'), path).toContain(
            'error="invalid_token"',
          )
      }
      const authority = plain(system().services.session.url)
      expect((await authority.get('/v1/sessions')).headers.get('www-authenticate')).toMatch(
        /^Bearer realm="[^"]+"$/,
      )
      const wrong = await authority.get('/v1/sessions', asBearer('nonsense'))
      expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
    },
  )

  shows(
    'HE-03',
    'a missing permission is 403 insufficient_scope, and what is another tenant’s is like what is nowhere',
    async () => {
      const bob = await system().login('bob')
      const refused = await bob.post('/api/documents', { name: 'a.txt', content_type: 'text/plain' })
      expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope')
      await expectProblem(refused, 403, 'forbidden')
      const alice = await system().login('alice')
      const { document } = await expectJson<{ document: { id: string } }>(
        await alice.post('/api/documents', { name: 'a.txt', content_type: 'text/plain' }),
        201,
      )
      const carol = await system().login('carol')
      const shown = new Set<string>()
      for (const id of [document.id, `${document.id.slice(0, -2)}AA`]) {
        const { request_id: _, ...rest } = await expectProblem(
          await carol.get(`/api/documents/${id}`),
          404,
          'not-found',
        )
        shown.add(JSON.stringify(rest))
      }
      expect(shown.size).toBe(1)
    },
  )

  shows(
    'HE-04',
    'revoked, logged out, suspended elsewhere, unknown and malformed tokens get the same bytes and headers',
    async () => {
      const [ended, revoked] = [await newToken('he-a'), await newToken('he-b')]
      await plain().request('POST', '/logout', { headers: asBearer(ended) })
      await revoke({ type: 'user', tenant: 'acme', user: 'he-b' })
      const { token } = await system().login('alice')
      const bad = [
        ended,
        revoked,
        `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
        `cfs_${'V'.repeat(65)}`,
        'x',
      ]
      const answers = new Set<string>()
      for (const path of ['/session', '/api/documents'])
        for (const presented of bad) {
          const answer = await plain().get(path, asBearer(presented))
          const headers = Object.fromEntries(answer.headers)
          for (const name of ['x-request-id', 'date']) delete headers[name]
          const body = (await answer.text()).replace(/"request_id":"[^"]+"/, '')
          answers.add(JSON.stringify([path, answer.status, headers, body]))
        }
      expect(answers.size).toBe(2)
    },
  )
  shownBy('HE-04', 'services/session/test/introspection.test.ts', 'is not known by the time that it takes')

  shows(
    'HE-05',
    'logins beyond the limit are 429, with RateLimit fields that agree with Retry-After, and only for that address',
    async () => {
      const headers = fromElsewhere()
      const attempt = (from: Record<string, string>) =>
        plain(limitedUrl()).request('POST', '/login', {
          json: { tenant: 'acme', username: 'nobody', password: 'x' },
          headers: from,
        })
      let last = await attempt(headers)
      for (let count = 0; count < 20 && last.status !== 429; count += 1) last = await attempt(headers)
      const retryAfter = Number(last.headers.get('retry-after'))
      const [, remaining, resets] =
        /^"[a-z-]+";r=(\d+);t=(\d+)$/.exec(last.headers.get('ratelimit') ?? '') ?? []
      expect(last.headers.get('ratelimit-policy')).toMatch(/^"[a-z-]+";q=\d+;w=\d+$/)
      expect(Number(remaining)).toBe(0)
      expect(retryAfter).toBeGreaterThanOrEqual(Number(resets))
      expect(retryAfter).toBeLessThanOrEqual(60)
      await expectProblem(last, 429, 'too-many-requests')
      expect((await attempt(fromElsewhere())).status).toBe(401)
    },
  )
  shownBy(
    'HE-05',
    'services/session/test/limits.test.ts',
    'is stopped who calls too often, at whichever replica, and no other is',
  )

  shownBy(
    'HE-06',
    'test/flows/restarts.test.ts',
    'without NATS nobody is admitted for longer than a lease, and nobody is called unauthenticated: 503, with Retry-After',
  )
  shownBy(
    'HE-06',
    'packages/fastify/test/plugin.test.ts',
    'answers 503, never 401 and never 200, while the broker is gone',
  )
  shownBy(
    'HE-06',
    'test/faults/servers.test.ts',
    'those who are known go on, and revocations are confirmed all the same',
  )

  shows(
    'HE-07',
    'other methods are 405 with Allow, TRACE is off, and no answer names a program or a version',
    async () => {
      for (const { url } of everybody())
        for (const path of ['/login', '/introspect', '/documents', '/nothing', '/v1/revocations']) {
          const answer = await plain(url).request('PATCH', path)
          expect([401, 404, 405], `${url}${path}`).toContain(answer.status)
          if (answer.status === 405) expect(answer.headers.get('allow')).toMatch(/^[A-Z, ]+$/)
          expect(answer.headers.get('x-content-type-options'), `${url}${path}`).toBe('nosniff')
          for (const name of ['server', 'x-powered-by', 'via', 'x-aspnet-version'])
            expect(answer.headers.get(name)).toBeNull()
        }
    },
  )
  shows('HE-07', 'bodies have a true type with its charset where it is text', async () => {
    expect((await plain().get('/session')).headers.get('content-type')).toBe(
      'application/problem+json; charset=utf-8',
    )
    const page = await plain().get('/login', { accept: 'text/html' })
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect((await logIn('alice', 'api')).headers.get('content-type')).toBe('application/json; charset=utf-8')
  })
  shownBy(
    'HE-07',
    'services/gateway/test/cross-origin.test.ts',
    'to a method that a path does not have is 405 with those that it has, and TRACE is off',
  )

  shownBy(
    'HE-08',
    'packages/service-kit/src/header-grammar.test.ts',
    'is the same quoted or not, in any case and with any blanks',
  )
  shownBy(
    'HE-09',
    'packages/service-kit/test/http-errors.test.ts',
    'a transfer coding %s is refused once, and nothing that follows is a request any more',
  )
})
