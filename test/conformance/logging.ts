/**
 * ①–⑦ Group 16 on the running system: what is written down, and what is not.
 */
import { expectJson } from '@curfew/test-kit'
import { expect } from 'vitest'

import { asBearer, asCookie, introspect, logIn, plain, tokenSet } from './calls.ts'
import { atAuthority } from './operating.ts'
import { conforms } from './register.ts'
import { logging } from './statements/logging.ts'
import { system } from './stage.ts'
import { eventsOfTrail, linesOfRequest } from './trail.ts'

const typesOf = async (query: Record<string, string>): Promise<string[]> =>
  (await eventsOfTrail(query)).map(({ type }) => type)

/** Those that say so at both replicas. */
async function authorityLines(requestId: string): Promise<(string | undefined)[]> {
  const lines = [
    ...(await linesOfRequest('session', requestId)),
    ...(await linesOfRequest('session-2', requestId)),
  ]
  return lines.map(({ event }) => event)
}

conforms(logging, ({ shows, shownBy }) => {
  shows(
    'LG-01',
    'one life: created, rotated, used after its end, ended with the reason, each once',
    async () => {
      const browser = await system().openBrowser('alice')
      const { session } = await expectJson<{ session: { id: string } }>(await browser.get('/session'), 200)
      const answer = await browser.post('/session/elevate', { password: system().account('alice').password })
      browser.csrfToken = (await expectJson<{ csrf_token: string }>(answer, 200)).csrf_token
      const token = browser.cookie('__Host-session') ?? ''
      const out = await browser.request('POST', '/logout')
      expect(out.status).toBe(204)
      const late = { ...asCookie(token), 'x-request-id': `late-${session.id.slice(0, 8)}` }
      expect((await plain().get('/session', late)).status).toBe(401)
      const told = async () =>
        (await eventsOfTrail({ session: session.id })).map(({ source, type }) => `${source} ${type}`)
      await expect.poll(told).toContain('gateway session.ended')
      const all = await told()
      for (const type of ['session session.created', 'session session.rotated', 'session session.ended'])
        expect(
          all.filter((one) => one === type),
          type,
        ).toHaveLength(1)
      const lines = await linesOfRequest('gateway', late['x-request-id'])
      const used = lines.find(({ event }) => event === 'session.check.refused')
      expect(used).toBeDefined()
      const ended = (await eventsOfTrail({ session: session.id })).find(
        ({ type }) => type === 'session.ended',
      )
      expect(ended?.reason).toBe('logout')
    },
  )
  shownBy(
    'LG-01',
    'services/session/test/expiry.test.ts',
    'a session that reaches a limit is said to have, once, by whichever of two replicas; one that was ended is not',
  )
  shownBy(
    'LG-01',
    'services/session/test/audit.test.ts',
    'to grants, roles and suspensions shows what was before and what is now',
  )

  shows(
    'LG-02',
    'one id leads from the gateway to both the authority and the trail, and each entry says when, who and what',
    async () => {
      const requestId = `conf-${Date.now()}`
      const { tenant, password } = system().account('alice')
      const json = { tenant, username: 'alice', password, client: 'api' }
      expect(
        (await plain().request('POST', '/login', { json, headers: { 'x-request-id': requestId } })).status,
      ).toBe(200)
      await expect
        .poll(async () => (await linesOfRequest('gateway', requestId)).map(({ event }) => event))
        .toContain('http.request')
      expect(await authorityLines(requestId)).toContain('session.created')
      await expect
        .poll(() => typesOf({ request_id: requestId }), { timeout: 10_000 })
        .toEqual(expect.arrayContaining(['login.succeeded', 'session.created']))
      for (const event of await eventsOfTrail({ request_id: requestId })) {
        expect(event.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        expect(event).toMatchObject({ actor: 'acme/alice', outcome: 'done', request_id: requestId })
      }
      for (const line of await linesOfRequest('gateway', requestId)) {
        expect(new Date(String(line['time'])).getTime()).toBeGreaterThan(Date.now() - 60_000)
        expect(line).toMatchObject({ service: 'gateway', requestId })
      }
    },
  )
  shownBy('LG-02', 'test/flows/audit.test.ts', 'leads from the gateway through the domain service')

  shownBy('LG-03', 'test/flows/secrets.test.ts', 'is written nowhere')
  shownBy('LG-03', 'test/flows/secrets.test.ts', 'finds a planted secret, however it is disguised')
  shownBy(
    'LG-04',
    'test/flows/secrets.test.ts',
    'forges no line: each is one entry that says when, where and what',
  )
  shownBy('LG-04', 'test/flows/secrets.test.ts', 'forges no event in the trail')

  shows(
    'LG-05',
    'a wrong password, a forgery, a guessed token, a missing right and a wrong client are in log or trail',
    async () => {
      const id = (what: string) => ({ 'x-request-id': `lg5-${what}` })
      await plain().request('POST', '/login', {
        // Nobody else gets this account wrong: in a minute, the trail names one request and counts the others.
        json: { tenant: 'globex', username: 'carol', password: 'wrong' },
        headers: id('password'),
      })
      const cookie = tokenSet(await logIn('alice'))
      await plain().request('POST', '/api/documents', {
        json: {},
        headers: { ...asCookie(cookie), ...id('csrf') },
      })
      await plain().get('/session', { ...asBearer(`cfs_${'W'.repeat(65)}`), ...id('guess') })
      const bob = await system().login('bob')
      await bob.request('POST', '/api/documents', {
        json: { name: 'a', content_type: 'text/plain' },
        headers: id('right'),
      })
      await plain(system().services.session.url).request('POST', '/introspect', {
        headers: { authorization: 'Basic eDp5', ...id('client') },
      })
      await plain(system().services.session.url).get('/v1/sessions', {
        ...asBearer(bob.token),
        ...id('operator'),
      })
      const eventIn = (process: string, what: string) => async () =>
        (await linesOfRequest(process, `lg5-${what}`)).map(({ event }) => event)
      await expect.poll(eventIn('gateway', 'password')).toContain('session.create.refused')
      await expect.poll(eventIn('gateway', 'csrf')).toContain('request.csrf.refused')
      await expect.poll(eventIn('gateway', 'guess')).toContain('session.check.refused')
      await expect.poll(eventIn('documents', 'right')).toContain('session.permission.refused')
      await expect.poll(eventIn('session', 'client')).toContain('client.refused')
      await expect.poll(eventIn('session', 'operator')).toContain('operator.refused')
      await expect.poll(() => typesOf({ request_id: 'lg5-password' })).toContain('login.refused')
      expect((await introspect(cookie)).active).toBe(true)
    },
  )
  shownBy(
    'LG-05',
    'services/gateway/test/throttling.test.ts',
    'is answered 429 after a while, on every replica, is told of once, and harms nobody else',
  )

  shows('LG-06', 'the trail of this run is one unbroken chain', async () => {
    expect(await expectJson(await (await atAuthority()).get('/v1/audit/verify'), 200)).toMatchObject({
      intact: true,
    })
  })
  shownBy(
    'LG-06',
    'services/session/test/audit.test.ts',
    'cannot be changed with the credentials of the service, and hardly with those of an administrator',
  )
  shownBy(
    'LG-06',
    'services/session/test/audit.test.ts',
    'shows an altered record, and a chain that was written anew to hide it',
  )

  shownBy(
    'LG-07',
    'services/session/test/audit-trouble.test.ts',
    'is gone when its time is over, and the trail is not blamed for it',
  )
  shownBy(
    'LG-07',
    'services/session/test/sessions.test.ts',
    'is compact in Redis and leaves two minutes after its nearer deadline',
  )
  shownBy(
    'LG-07',
    'services/gateway/test/throttling.test.ts',
    'tell the authority the network and the kind of device, and nothing more of either',
  )
})
