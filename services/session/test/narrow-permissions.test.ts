/** ④ `curfew:read`, `curfew:revoke` and `curfew:grants`: each opens its own doors, and no route is forgotten. */
import { type BearerClient, expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
const holders = new Map<string, BearerClient>()
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start()
  const operator = replica.as(await stage.login('curfew/operator'))
  for (const name of ['read', 'revoke', 'grants']) {
    const grants = { roles: [], permissions: [`curfew:${name}`] }
    await expectJson(await operator.put(`/v1/subjects/acme/only-${name}/grants`, grants), 200)
    holders.set(name, replica.as(await stage.login(`acme/only-${name}`)))
  }
})
afterAll(() => stage[Symbol.asyncDispose]())

const NOBODY = 'AAAAAAAAAAAAAAAAAAAAAA'

/** What each route needs. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  read: [
    'get /v1/approvals',
    'get /v1/audit',
    'get /v1/audit/verify',
    'get /v1/events',
    'get /v1/limits',
    'get /v1/revocations',
    'get /v1/revocations/{id}',
    'get /v1/roles',
    'get /v1/sessions',
    'get /v1/sessions/{id}',
    'get /v1/statistics',
    'get /v1/subjects',
    'get /v1/subjects/{tenant}/{user}/grants',
    'get /v1/tenants',
    'get /v1/verifiers',
  ],
  revoke: [
    'post /v1/revocations',
    'post /v1/revocations/{id}/approve',
    'post /v1/revocations/{id}/reject',
    'post /v1/subjects/{tenant}/{user}/resume',
    'post /v1/subjects/{tenant}/{user}/suspend',
    'post /v1/tenants/{tenant}/resume',
    'post /v1/tenants/{tenant}/suspend',
  ],
  grants: ['put /v1/subjects/{tenant}/{user}/grants', 'put /v1/tenants/{tenant}/roles/{role}'],
}

interface Operation {
  readonly security?: readonly Record<string, unknown>[]
}

it('every route of the operators is named here', async () => {
  const { paths } = await expectJson<{ paths: Record<string, Record<string, Operation>> }>(
    await fetch(`${replica.url}/openapi.json`),
    200,
  )
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { security }]) => security === undefined)
      .map(([method]) => `${method} ${path}`),
  )
  const named = Object.values(DOORS).flat()
  expect(routes.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(named.toSorted((a, b) => (a < b ? -1 : 1)))
})

describe.each(Object.entries(DOORS))('what needs curfew:%s', (needed, routes) => {
  it.each(routes)('%s', async (route) => {
    const [method = '', pattern = ''] = route.split(' ')
    const id = pattern.includes('revocations') ? `rev_${NOBODY}` : NOBODY
    const path = pattern
      .replace('{id}', id)
      .replace('{tenant}', 'acme')
      .replace('{user}', 'nobody')
      .replace('{role}', 'none')
    for (const [held, client] of holders) {
      const gone = new AbortController()
      const response = await client.request(method.toUpperCase(), path, {
        // Whoever is let in is told that it is not well formed, or that there is nothing.
        ...(method !== 'get' && { json: { unknown: true } }),
        signal: gone.signal,
      })
      const challenge = response.headers.get('www-authenticate') ?? ''
      const isKeptOut = challenge.includes(`error="insufficient_scope", scope="curfew:${needed}"`)
      expect([held, isKeptOut]).toEqual([held, held !== needed])
      if (isKeptOut) expect(response.status).toBe(403)
      gone.abort()
    }
  })
})
