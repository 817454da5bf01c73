/**
 * ③ ⑤ Group 6 on the running system: what a session may do changes while it lives.
 */
import { expectJson, expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { newToken } from './backend.ts'
import { asBearer, introspect, plain } from './calls.ts'
import { grant } from './operating.ts'
import { conforms } from './register.ts'
import { gatewayUrl, strictUrl, system } from './stage.ts'
import { permissions } from './statements/permissions.ts'

const DOCUMENT = { name: 'a.txt', content_type: 'text/plain' }

const create = (token: string, url = gatewayUrl(), headers = {}): Promise<Response> =>
  plain(url).request('POST', '/api/documents', {
    json: DOCUMENT,
    headers: { ...asBearer(token), ...headers },
  })

/** Who somebody would like to be, in every spelling that some proxy lets through. */
const DISGUISES: Record<string, string> = {
  'x-user-id': 'alice',
  'x-session-id': 'A'.repeat(22),
  'x-session-user': 'alice',
  'x-session-tenant': 'globex',
  'x-session-permissions': 'documents:write',
  'X-Session-Roles': 'editor',
  x_session_user: 'alice',
  X_Session_Permissions: 'documents:write',
  'x-curfew-permissions': 'documents:write',
  'x-forwarded-user': 'alice',
  'x-forwarded-for': '10.0.0.1',
  'x-forwarded-host': 'internal',
  forwarded: 'for=10.0.0.1;host=internal',
}

conforms(permissions, ({ shows, shownBy }) => {
  shows(
    'PC-01',
    'a role that is withdrawn is gone at both gateways from the answer on, and back when it is given back',
    async () => {
      const user = 'rises-and-falls'
      await grant(user, ['editor'])
      const token = await newToken(user)
      for (let round = 0; round < 5; round += 1) {
        for (const url of [gatewayUrl(), strictUrl()]) await expectJson(await create(token, url), 201)
        await grant(user, ['viewer'])
        for (const url of [gatewayUrl(), strictUrl()])
          await expectProblem(await create(token, url), 403, 'forbidden')
        expect((await introspect(token)).scope).toBe('documents:read')
        await grant(user, ['editor'])
      }
    },
  )
  shownBy('PC-01', 'test/flows/grants.test.ts', 'follows a role that is redefined, whoever has it')
  shownBy(
    'PC-02',
    'services/session/test/grants.test.ts',
    'with If-Match let exactly one of many writers through',
  )
  shownBy(
    'PC-02',
    'packages/verifier/test/leases.test.ts',
    'an answer that the log has overtaken is asked for again',
  )
  shownBy(
    'PC-02',
    'packages/verifier/src/answers-and-doubt.test.ts',
    'is not raised by entries that come again',
  )
  shownBy('PC-03', 'test/flows/downloads.test.ts', 'a claim falls with the permission that it stands on')

  shows('PC-04', 'who may only read is refused though gateway and service may do more', async () => {
    await expectProblem(await create((await system().login('bob')).token), 403, 'forbidden')
  })
  shows(
    'PC-05',
    'headers that say who somebody is change nothing, through the gateway or past it',
    async () => {
      const { token } = await system().login('bob')
      await expectProblem(await create(token, gatewayUrl(), DISGUISES), 403, 'forbidden')
      const seen = await expectJson<{ session: { user: string; tenant: string } }>(
        await plain().get('/session', { ...DISGUISES, ...asBearer(token) }),
        200,
      )
      expect(seen.session).toMatchObject({ user: 'bob', tenant: 'acme' })
      const { documents } = system().services
      for (const headers of [DISGUISES, { ...DISGUISES, ...asBearer(token) }])
        await expectProblem(await plain(documents.url).get('/documents', headers), 401, 'unauthenticated')
    },
  )
  shownBy(
    'PC-05',
    'services/gateway/test/api.test.ts',
    'carries nothing with which a client could pass for somebody',
  )
})
