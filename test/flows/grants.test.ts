/**
 * ④ ⑤ Permissions that change under an open session: no new login, no waiting for an expiry.
 */
import {
  expectJson,
  expectProblem,
  startTestSystem,
  type BearerClient,
  type TestSystem,
} from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createDocument, readsDocuments } from './documents.ts'

let system: TestSystem
let operator: BearerClient

beforeAll(async () => {
  system = await startTestSystem()
  operator = (await system.login('operator')).at(system.services.session.url)
})
afterAll(async () => system[Symbol.asyncDispose]())

const ALICE = '/v1/subjects/acme/alice/grants'

async function expectEffect(response: Response): Promise<void> {
  expect(await expectJson(response, 200)).toMatchObject({ state: 'confirmed' })
}

describe('a live session', () => {
  it('loses a withdrawn role and gets it back, under the same token', async () => {
    const alice = await system.login('alice')
    await expectEffect(await operator.put(ALICE, { roles: ['viewer'], permissions: [] }))
    await expectProblem(
      await alice.post('/api/documents', { name: 'x', content_type: 'text/plain' }),
      403,
      'forbidden',
    )
    expect((await readsDocuments(alice)).status).toBe(200)

    await expectEffect(await operator.put(ALICE, { roles: [], permissions: [] }))
    await expectProblem(await readsDocuments(alice), 403, 'forbidden')

    await expectEffect(await operator.put(ALICE, { roles: ['editor'], permissions: [] }))
    await createDocument(alice)
  })

  it('follows a role that is redefined, whoever has it', async () => {
    const bob = await system.login('bob')
    await expectEffect(
      await operator.put('/v1/tenants/acme/roles/viewer', {
        permissions: ['documents:read', 'documents:write'],
      }),
    )
    await createDocument(bob)
    await expectEffect(
      await operator.put('/v1/tenants/acme/roles/viewer', { permissions: ['documents:read'] }),
    )
    await expectProblem(
      await bob.post('/api/documents', { name: 'x', content_type: 'text/plain' }),
      403,
      'forbidden',
    )
  })

  it('is over while its user is suspended; no new one can be had; afterwards people log in again', async () => {
    const carol = await system.login('carol')
    await expectEffect(await operator.post('/v1/subjects/globex/carol/suspend', { reason: 'audit' }))
    await expectProblem(await readsDocuments(carol), 401, 'unauthenticated')
    await expect(system.login('carol')).rejects.toThrow('invalid-credentials')
    await expectEffect(await operator.post('/v1/subjects/globex/carol/resume', { reason: 'audit over' }))
    expect((await readsDocuments(await system.login('carol'))).status).toBe(200)
  })

  it('is over while its tenant is suspended, and others go on', async () => {
    const [bob, carol] = [await system.login('bob'), await system.login('carol')]
    await expectEffect(await operator.post('/v1/tenants/acme/suspend', { reason: 'unpaid' }))
    await expectProblem(await readsDocuments(bob), 401, 'unauthenticated')
    expect((await readsDocuments(carol)).status).toBe(200)
    await expectEffect(await operator.post('/v1/tenants/acme/resume', { reason: 'paid' }))
    expect((await readsDocuments(await system.login('bob'))).status).toBe(200)
  })
})

describe('two operators who edit the same grants', () => {
  it('do not overwrite each other: the second is told that something changed', async () => {
    const before = await operator.get(ALICE)
    const etag = before.headers.get('etag') ?? ''
    const { roles, permissions } = await expectJson<{ roles: string[]; permissions: string[] }>(before, 200)
    const change = (): Promise<Response> =>
      operator.request('PUT', ALICE, { json: { roles, permissions }, headers: { 'if-match': etag } })
    await expectEffect(await change())
    await expectProblem(await change(), 412, 'precondition-failed')
  })
})
