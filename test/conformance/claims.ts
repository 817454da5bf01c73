/**
 * ⑥ ⑦ Groups 9 and 10: one-time claims and their keys. The hostile ones go through a file service of their own, with its issuer's
 * key (services/files/test/hostile-claims.test.ts); here are those that need none.
 */
import { readFile } from 'node:fs/promises'

import { expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { asBearer, asCookie, plain } from './calls.ts'
import { conforms } from './register.ts'
import { system } from './stage.ts'
import { claimKeys, claims } from './statements/claims.ts'
import { send, storeDocument } from './transfers.ts'

const PACKAGE = 'packages/one-time-claims/src/verify.test.ts'
const MINTING = 'packages/one-time-claims/src/mint.test.ts'
const KEYS = 'packages/one-time-claims/src/key-directory.test.ts'
const RUNNING = 'services/files/test/hostile-claims.test.ts'
const ONCE = 'services/files/test/once.test.ts'
const ROTATION = 'services/documents/test/claim-keys.test.ts'
const DELIVER = 'services/files/src/routes/deliver.test.ts'

const REFUSED = 'is refused like any other, in a form and in a header, and makes nobody fetch anything'
const EACH = 'are refused, each for its reason, and fetch nothing from anywhere'

const headerOf = (claim: string, changes: object): string => {
  const [header = '', ...rest] = claim.split('.')
  const parsed = JSON.parse(Buffer.from(header, 'base64url').toString()) as object
  return [Buffer.from(JSON.stringify({ ...parsed, ...changes })).toString('base64url'), ...rest].join('.')
}

conforms(claims, ({ shows, shownBy, except }) => {
  shows(
    'JW-01',
    'a claim that names another algorithm is refused, and costs the real one nothing',
    async () => {
      const transfer = await (await storeDocument('alg')).download()
      for (const alg of ['none', 'nOnE', 'HS256', 'RS256', 'ES256', 'ES384', 'EdDSA', ''])
        await expectProblem(
          await send('GET', { ...transfer, claim: headerOf(transfer.claim, { alg }) }),
          401,
          'claim-invalid',
        )
      expect((await send('GET', transfer)).status).toBe(200)
    },
  )
  shownBy('JW-01', PACKAGE, 'are refused where ES256 is accepted as well, each for its reason')
  shownBy('JW-01', RUNNING, REFUSED)
  shownBy('JW-02', RUNNING, REFUSED)
  shownBy('JW-02', PACKAGE, 'with a thousand different key ids cost the issuer one request')
  shownBy('JW-03', RUNNING, 'says nothing to anybody else: a claim is no session, nor is a session a claim')
  shownBy('JW-03', PACKAGE, EACH)
  shownBy('JW-04', RUNNING, REFUSED)
  shownBy('JW-04', PACKAGE, EACH)
  shownBy('JW-05', PACKAGE, 'is good until the instant of exp, and not a moment longer')
  shownBy('JW-05', RUNNING, REFUSED)
  shownBy(
    'JW-06',
    'services/files/test/once.test.ts',
    'stays spent when the replicas, the authority or its store begin anew',
  )
  shownBy('JW-06', ONCE, 'nobody is served or refused for good, and the claim is good afterwards')
  shownBy('JW-06', MINTING, 'never repeats its id')
  shows('JW-06', 'of fifty who present a claim at once one is served', async () => {
    const transfer = await (await storeDocument('once')).download()
    const answers = await Promise.all(Array.from({ length: 50 }, () => send('GET', transfer)))
    await Promise.all(answers.map((answer) => answer.text()))
    const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other)
    expect(statuses).toEqual([200, ...Array.from({ length: 49 }, () => 409)])
  })
  shownBy('JW-07', MINTING, 'another spelling of a signature is the same claim, by its id')
  shownBy(
    'JW-07',
    'services/session/test/claims.test.ts',
    "is its issuer's own: the same id of another issuer is another claim",
  )
  shows('JW-08', 'a claim is for its file and its operation, and a wrong attempt costs nothing', async () => {
    const [one, other] = [await storeDocument('one'), await storeDocument('other')]
    const transfer = await one.download()
    const elsewhere = await other.download()
    await expectProblem(await send('GET', { ...elsewhere, claim: transfer.claim }), 403, 'claim-mismatch')
    await expectProblem(await send('PUT', transfer, { body: 'x' }), 403, 'claim-mismatch')
    await expectProblem(await send('DELETE', transfer), 403, 'claim-mismatch')
    expect(await (await send('GET', transfer)).text()).toBe('one')
  })
  shownBy('JW-08', DELIVER, 'of the version in the claim is served, of another one is not, and costs nothing')
  shownBy('JW-09', PACKAGE, EACH)
  shownBy('JW-09', PACKAGE, 'of every length cost bounded time')
  shownBy('JW-09', RUNNING, REFUSED)
  shows(
    'JW-10',
    'sessions are refused, as a cookie and as a bearer token, and not written down',
    async () => {
      const alice = await system().login('alice')
      const { url } = await (await storeDocument('nobody')).download()
      for (const headers of [asBearer(alice.token), asCookie(alice.token)])
        await expectProblem(
          await plain(url).request('GET', new URL(url).pathname, { headers }),
          401,
          'claim-invalid',
        )
      expect(await readFile(system().logFile('files'), 'utf8')).not.toContain(alice.token)
    },
  )
  shows('JW-11', 'a claim in a URL is refused, and answers name none in one', async () => {
    const transfer = await (await storeDocument('url')).download()
    const { url, claim } = transfer
    for (const place of [`${url}?claim=${claim}`, `${url}/${claim}`, `${url}?access_token=${claim}`])
      expect([400, 404]).toContain((await fetch(place)).status)
    expect(url).not.toContain(claim)
    const answer = await send('GET', transfer)
    expect(JSON.stringify([...answer.headers])).not.toContain(claim)
    expect(await readFile(system().logFile('files'), 'utf8')).not.toContain(claim.slice(-40))
  })
  except(
    'JW-11',
    'FILES_ALLOW_CLAIM_IN_URL=true answers them on GET with a page that offers the file, for those who must send links; its button sends the claim in a form, and no GET spends one.',
  )
})

conforms(claimKeys, ({ shows, shownBy, except }) => {
  const published = async (): Promise<Record<string, unknown>[]> => {
    const response = await fetch(`${system().services.documents.url}/.well-known/jwks.json`)
    expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json\b/)
    return ((await response.json()) as { keys: Record<string, unknown>[] }).keys
  }
  shows('KM-01', 'every published key says its algorithm and its use', async () => {
    for (const { alg, use } of await published()) expect([alg, use]).toEqual(['Ed25519', 'sig'])
  })
  shownBy('KM-01', MINTING, 'a key is published for one algorithm and verifies nothing under another')
  shows('KM-02', 'no private member is published, and no id twice', async () => {
    const keys = await published()
    for (const key of keys)
      for (const name of ['d', 'p', 'q', 'k', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(name)
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
  })
  except(
    'KM-02',
    'Keys are read over plain http where the settings of the file service say so: TLS between the parts is the deployment’s (see KM-06).',
  )
  shownBy(
    'KM-03',
    ROTATION,
    'while keys go over from one to the next no download fails, not with a claim from before either',
  )
  shownBy('KM-03', KEYS, 'publishes the next key before it signs, and the last one until its claims are over')
  shownBy(
    'KM-03',
    ROTATION,
    'a key that is withdrawn is refused once the file service has looked, and another signs by then',
  )
  shows('KM-04', 'keys are of Ed25519 or P-256', async () => {
    for (const { crv } of await published()) expect(['Ed25519', 'P-256']).toContain(crv)
  })
  shownBy('KM-04', MINTING, '%s, and the key is not quoted')
})
