/**
 * ⑥ ⑦ Keys of claims that change while claims are used: real replicas, the real directory, the real file service.
 */
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { openKeyDirectory, type KeyDirectory } from '@curfew/one-time-claims'
import {
  expectJson,
  expectProblem,
  startTestSystem,
  type BearerClient,
  type TestSystem,
} from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { bytesInto, create, type Transfer } from './callers.ts'

/** More than the ten seconds for which the file service does not look again for a key that it does not know. */
const LEAD_SECONDS = 11
const LIFETIME_SECONDS = 30

let system: TestSystem
let alice: BearerClient
let directory: string
let document: string
beforeAll(async () => {
  const documents = {
    DOCUMENTS_CLAIM_LIFETIME_SECONDS: String(LIFETIME_SECONDS),
    DOCUMENTS_CLAIM_KEY_LEAD_SECONDS: String(LEAD_SECONDS),
    DOCUMENTS_CLAIM_KEY_ROTATION_SECONDS: '0',
  }
  system = await startTestSystem({ replicas: { documents: 2 }, env: { documents } })
  directory = join(dirname(dirname(system.logFile('documents'))), 'claim-keys')
  alice = await system.login('alice')
  const created = await create(alice)
  await expectJson(await bytesInto(created.upload, 'bytes'), 201)
  document = created.document.id
})
afterAll(() => system[Symbol.asyncDispose]())

const askForDownload = async (): Promise<Transfer> =>
  expectJson<Transfer>(await alice.post(`/api/documents/${document}/download`), 200)
const download = ({ url, claim }: Transfer): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams({ claim }) })
const keyIdOf = ({ claim }: Transfer): string =>
  (JSON.parse(Buffer.from(claim.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid

interface PublicKey {
  readonly kid: string
}
async function publishedAt(replica: string): Promise<readonly PublicKey[]> {
  const response = await fetch(`${replica}/.well-known/jwks.json`)
  expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json\b/)
  return ((await response.json()) as { keys: PublicKey[] }).keys
}
const idsAt = async (replica: string): Promise<string[]> => (await publishedAt(replica)).map(({ kid }) => kid)
const replicas = (): string[] => system.services.replicas.documents.map(({ url }) => url)

/** As the command does it. */
const openKeys = (): Promise<KeyDirectory> =>
  openKeyDirectory({
    directory,
    lifetimeSeconds: LIFETIME_SECONDS,
    rotateEverySeconds: Infinity,
    leadSeconds: LEAD_SECONDS,
  })

it('a key that is withdrawn is refused once the file service has looked, and another signs by then', async () => {
  const old = await askForDownload()
  using keys = await openKeys()
  expect(await keys.withdraw(keyIdOf(old))).toBe(true)
  await vi.waitFor(
    async () => {
      const transfer = await askForDownload()
      expect(keyIdOf(transfer)).not.toBe(keyIdOf(old))
      expect((await download(transfer)).status).toBe(200)
    },
    { timeout: 20_000, interval: 200 },
  )
  // Not for its age: it has seconds left.
  expect(Date.parse(old.expires_at)).toBeGreaterThan(Date.now())
  await expectProblem(await download(old), 401, 'claim-invalid')
  for (const replica of replicas()) await vi.waitFor(async () => expect(await idsAt(replica)).toHaveLength(1))
})

it('while keys go over from one to the next no download fails, not with a claim from before either', async () => {
  const before = await askForDownload()
  using keys = await openKeys()
  await keys.rotate()
  const statuses = new Set<number>()
  let transfer = await askForDownload()
  for (const deadline = Date.now() + 40_000; keyIdOf(transfer) === keyIdOf(before);) {
    statuses.add((await download(transfer)).status)
    await delay(50)
    transfer = await askForDownload()
    expect(Date.now()).toBeLessThan(deadline)
  }
  // Whoever signs with it first has published it before, as have all others.
  for (const replica of replicas()) expect(await idsAt(replica)).toEqual([keyIdOf(before), keyIdOf(transfer)])
  for (const each of [transfer, before]) statuses.add((await download(each)).status)
  expect([...statuses]).toEqual([200])
})

it('what is published is public, and each key has an id, an algorithm and a use of its own', async () => {
  const keys = await publishedAt(system.services.documents.url)
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
  for (const key of keys)
    expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
})

describe('the command', () => {
  const program = fileURLToPath(new URL('../src/claim-keys.ts', import.meta.url))
  const run = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [program, ...args], {
      env: {
        DOCUMENTS_ISSUER: 'http://documents.test',
        DOCUMENTS_CLAIM_KEY_DIRECTORY: directory,
        DOCUMENTS_CLAIM_KEY_ROTATION_SECONDS: '0',
        CURFEW_NATS_URL: 'nats://nobody',
        CURFEW_REDIS_URL: 'redis://nobody',
      },
    })

  it('shows the keys, makes the next one and withdraws one, and quotes none', async () => {
    const before = (await run('list')).stdout
    expect(before).toMatch(/^[\w-]{43} {2}from [\d-]{10}T[\d:.]{12}Z {2}signs now$/m)
    const { stdout, stderr } = await run('rotate')
    expect(stdout.trim().split('\n').length).toBeGreaterThanOrEqual(before.trim().split('\n').length)
    const newest = stdout.trim().split('\n').at(-1)?.slice(0, 43) ?? ''
    expect(before).not.toContain(newest)
    expect(stdout + stderr).not.toContain('"d"')
    expect((await run('withdraw', newest)).stdout).not.toContain(newest)
    expect(await readdir(directory)).toContainEqual(expect.stringMatching(/withdrawn$/))
  })

  it('ends with 2 where it is wrongly used, and with 4 where there is no such key', async () => {
    const codes = [[], ['rotate', 'x'], ['withdraw'], ['withdraw', 'nobody']].map((args) =>
      run(...args).then(
        () => 0,
        ({ code }: { code: number }) => code,
      ),
    )
    expect(await Promise.all(codes)).toEqual([2, 2, 2, 4])
  })
})
