/**
 * ④ Group 13 on the running system: the endpoints for services that do not speak NATS.
 */
import { expectJson, expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { newToken } from './backend.ts'
import { asBearer, basicOf, introspect, plain, postForm } from './calls.ts'
import { grant, revoke } from './operating.ts'
import { conforms } from './register.ts'
import { system } from './stage.ts'
import { introspection } from './statements/introspection.ts'

const INTROSPECTION = 'services/session/test/introspection.test.ts'
const at = (path: string): string => `${system().services.session.url}${path}`

conforms(introspection, ({ shows, shownBy, exempt }) => {
  shows(
    'IN-01',
    'GET is 405, no or wrong credentials are 401, and a wrong hint finds the token all the same',
    async () => {
      const token = await newToken('asked-about')
      const get = await plain().get(at(`/introspect?token=${token}`))
      expect(get.headers.get('allow')).toBe('POST')
      await expectProblem(get, 405, 'method-not-allowed')
      for (const authorization of [
        '',
        'Basic x',
        basicOf({ id: 'backend', secret: 'wrong' }),
        `Bearer ${token}`,
      ]) {
        const answer = await postForm(at('/introspect'), { token }, { authorization })
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
        expect(await expectJson(answer, 401)).toMatchObject({ error: 'invalid_client' })
      }
      for (const hint of ['refresh_token', 'nonsense', ''])
        expect(
          await expectJson(await postForm(at('/introspect'), { token, token_type_hint: hint }), 200),
        ).toMatchObject({ active: true })
    },
  )

  shows(
    'IN-02',
    'a live token is described with members of the right types, and exp is the nearer limit',
    async () => {
      await grant('well-described', ['viewer'])
      const told = (await introspect(await newToken('well-described'))) as unknown as Record<string, unknown>
      expect(told).toMatchObject({
        active: true,
        sub: 'acme/well-described',
        client_id: 'backend',
        scope: 'documents:read',
        acr: 'aal1',
        token_type: 'Bearer',
      })
      for (const name of ['iss', 'aud', 'jti', 'sid']) expect(typeof told[name], name).toBe('string')
      for (const name of ['exp', 'iat', 'auth_time']) expect(Number.isInteger(told[name]), name).toBe(true)
      expect(Number(told['exp']) - Number(told['iat'])).toBe(1_800)
    },
  )

  shows(
    'IN-03',
    'unknown, revoked, logged out, malformed and changed are the same bytes and headers',
    async () => {
      const [ended, revoked, live] = [await newToken('in-a'), await newToken('in-b'), await newToken('in-c')]
      await plain().request('POST', '/logout', { headers: asBearer(ended) })
      await revoke({ type: 'user', tenant: 'acme', user: 'in-b' })
      const answers = new Set<string>()
      for (const token of [
        ended,
        revoked,
        `${live.slice(0, -1)}${live.endsWith('A') ? 'B' : 'A'}`,
        `cfs_${'U'.repeat(65)}`,
        'x',
        live.replace('cfs_', 'cfr_'),
      ]) {
        const answer = await postForm(at('/introspect'), { token })
        const headers = Object.fromEntries(answer.headers)
        for (const name of ['x-request-id', 'date']) delete headers[name]
        answers.add(JSON.stringify([answer.status, headers, await answer.text()]))
      }
      expect(answers.size).toBe(1)
      expect([...answers][0]).toContain('{\\"active\\":false}')
    },
  )
  shownBy('IN-03', INTROSPECTION, 'is not known by the time that it takes')
  shownBy('IN-04', INTROSPECTION, 'is shown to each client only as far as it may see')

  shows(
    'IN-05',
    'a client ends its own token, good or bad is 200, and so is a browser’s token, which lives on',
    async () => {
      const token = await newToken('ended-by-client')
      for (const presented of [token, token, 'nonsense'])
        expect(
          (await postForm(at('/revoke'), { token: presented, token_type_hint: 'nonsense' })).status,
        ).toBe(200)
      expect(await introspect(token)).toEqual({ active: false })
      const alice = await system().login('alice')
      expect((await postForm(at('/revoke'), { token: alice.token })).status).toBe(200)
      expect((await alice.get('/session')).status).toBe(200)
    },
  )
  shownBy('IN-05', INTROSPECTION, 'is told which types of token cannot be revoked')
  shownBy('IN-05', INTROSPECTION, 'nothing is called inactive and nothing revoked: 503')

  exempt(
    'IN-06',
    'Curfew is no relying party of an OpenID provider: it has no endpoint that takes logout tokens. A backend that is one ends the session with POST /revoke or POST /v1/revocations',
  )
})
