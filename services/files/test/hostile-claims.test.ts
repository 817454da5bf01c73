/**
 * ⑦ The hostile claims of @curfew/one-time-claims at the running file service, signed with the very key of the documents
 * service: what is wrong with them is all that is wrong.
 */
import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { expectProblem, startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { forge, newKeyPair, serve, type KeyPair } from '../../../packages/one-time-claims/test/forge.ts'
import { hostileClaims } from '../../../packages/one-time-claims/test/hostile-claims.ts'
import {
  goodHeader,
  goodPayload,
  type Hostile,
  type Stage,
} from '../../../packages/one-time-claims/test/stage.ts'
import { outcomeOf, send, storedFor } from './transfers.ts'

let system: TestSystem
let alice: BearerClient
let place: string
let key: KeyPair
beforeAll(async () => {
  system = await startTestSystem()
  alice = await system.login('alice')
  place = `${system.services.files.url}/files/${'F'.repeat(22)}`
  const file = join(dirname(dirname(system.logFile('documents'))), 'claim-keys', 'key-000001.json')
  const { jwk } = JSON.parse(await readFile(file, 'utf8')) as { jwk: KeyPair['privateJwk'] }
  const { kty, crv, x, kid } = jwk
  key = {
    privateJwk: jwk,
    privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
    publicJwk: { kty, crv, x, kid, alg: 'Ed25519', use: 'sig' },
  }
})
afterAll(() => system[Symbol.asyncDispose]())

/** What is wrong with some of them is wrong for a second only: these are minted so that it lasts. */
function lastingClaims(sink: string): Hostile[] {
  const later = hostileClaims(stageWith(sink, 30))
  const earlier = hostileClaims(stageWith(sink, -30))
  return hostileClaims(stageWith(sink)).map((claim, index) => {
    const [, reason] = claim
    const lasting = reason === 'not-yet-valid' ? later : reason === 'expired' ? earlier : undefined
    return lasting?.[index] ?? claim
  })
}

function stageWith(sink: string, aheadSeconds = 0): Stage {
  return {
    issuer: system.services.documents.url,
    key,
    otherIssuer: 'http://other.test',
    otherKey: newKeyPair('key-2'),
    nowSeconds: Math.floor(Date.now() / 1_000) + aheadSeconds,
    sink,
  }
}

const inForm = (claim: string): Promise<Response> =>
  fetch(place, { method: 'POST', body: new URLSearchParams({ claim }) })
/** What a header can carry: the client itself would refuse the others. */
const fitsHeader = (claim: string): boolean => claim.length < 12_000 && /^[!-~]+$/.test(claim)

describe('a hostile claim', () => {
  it('is refused like any other, in a form and in a header, and makes nobody fetch anything', async () => {
    await using sink = await serve((_, response) => response.end('{"keys":[]}'))
    const stage = stageWith(sink.url.href)
    // With the same key, and nothing wrong: the file does not exist.
    const good = forge(goodHeader(stage), goodPayload(stage), key.privateKey)
    await expectProblem(await inForm(good), 404, 'not-found')

    const answered = new Map<string, string>()
    for (const [name, , claim] of lastingClaims(sink.url.href)) {
      answered.set(name, await outcomeOf(await inForm(claim)))
      if (!fitsHeader(claim)) continue
      const headers = { authorization: `Bearer ${claim}` }
      answered.set(`${name}, in a header`, await outcomeOf(await fetch(place, { headers })))
    }
    const others = [...answered].filter(([, outcome]) => outcome !== '401 claim-invalid')
    // These are too long to be looked at.
    expect(new Set(others.map(([, outcome]) => outcome))).toEqual(new Set(['413 payload-too-large']))
    expect(others.length).toBeLessThan(10)
    expect(answered.size).toBeGreaterThan(400)
    expect(sink.requests).toBe(0)
  })

  it('costs nothing of the good ones', async () => {
    expect(await outcomeOf(await send('GET', await storedFor(alice, 'good')))).toBe('200')
  })

  it('says nothing to anybody else: a claim is no session, nor is a session a claim', async () => {
    const { claim } = await storedFor(alice, 'elsewhere')
    const headers = { authorization: `Bearer ${claim}` }
    const { gateway, session, documents } = system.services
    for (const url of [`${gateway.url}/session`, `${session.url}/v1/sessions`, `${documents.url}/documents`])
      expect([url, (await fetch(url, { headers })).status]).toEqual([url, 401])
    await expectProblem(await inForm(alice.token), 401, 'claim-invalid')
    const cookie = `__Host-session=${alice.token}`
    await expectProblem(await fetch(place, { headers: { cookie } }), 401, 'claim-invalid')
  })
})
