/**
 * ⑦ One claim, one transfer, whichever of three replicas it reaches: real sessions, real broker, real processes.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { request, type ClientRequest } from 'node:http'
import { dirname, join } from 'node:path'

import { startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { CONTENDERS, isFair, raceRounds, type Outcomes } from './race-rounds.ts'
import { askForDownload, askForUpload, outcomeOf, send, storedFor, type Transfer } from './transfers.ts'

let system: TestSystem
let alice: BearerClient
let replicas: readonly string[]
beforeAll(async () => {
  system = await startTestSystem({ replicas: { files: 3 } })
  alice = await system.login('alice')
  replicas = system.services.replicas.files.map(({ url }) => url)
})
afterAll(() => system[Symbol.asyncDispose]())

/** The long version is race.ts. */
const ROUNDS = 20

const replica = (n: number): string => String(replicas[n % replicas.length])
const stranger = generateKeyPairSync('ed25519').privateKey
const resigned = (head: string, body: string): string =>
  `${head}.${body}.${sign(null, Buffer.from(`${head}.${body}`), stranger).toString('base64url')}`
const json = (part: string): object => JSON.parse(Buffer.from(part, 'base64url').toString()) as object
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An upload of ten bytes of which five have been sent. */
function beginUpload({ url, claim }: Transfer, at: string): ClientRequest {
  const headers = { authorization: `Bearer ${claim}`, 'content-type': 'text/plain', 'content-length': '10' }
  const sending = request(at + new URL(url).pathname, { method: 'PUT', agent: false, headers })
  sending.on('error', () => undefined)
  sending.write('half ')
  return sending
}

describe('of many who present one claim at once to all replicas', () => {
  it(`exactly one of ${CONTENDERS} is served, in each of ${ROUNDS} rounds`, async () => {
    const unfair: Outcomes[] = []
    for await (const outcomes of raceRounds(alice, replicas, ROUNDS))
      if (!isFair(outcomes)) unfair.push(outcomes)
    expect(unfair).toEqual([])
  })

  it('exactly one stores its bytes, whole', async () => {
    const upload = await askForUpload(alice)
    const bodies = Array.from({ length: 20 }, (_, n) => `content of number ${n} `.repeat(100))
    const outcomes = await Promise.all(
      bodies.map(async (body, n) => outcomeOf(await send('PUT', upload, { at: replica(n), body }))),
    )
    expect(outcomes.filter((outcome) => outcome === '201')).toHaveLength(1)
    expect(outcomes.every((outcome) => ['201', '409 claim-spent', '409 conflict'].includes(outcome))).toBe(
      true,
    )
    const stored = await send('GET', await askForDownload(alice, upload.document))
    expect(await stored.text()).toBe(bodies[outcomes.indexOf('201')])
  })
})

describe('a line that breaks before its caller has read anything', () => {
  it('costs nothing but the allowance: the file comes whole from its first byte, once more and not twice', async () => {
    const transfer = await storedFor(alice, 'small enough for every buffer on the way')
    const breakOff = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${transfer.claim}` }
        const asking = request(transfer.url, { agent: false, headers }, (response) => {
          response.on('error', () => undefined)
          response.socket.resetAndDestroy()
          resolve(response.statusCode)
        })
        asking.on('error', reject).end()
      })
    expect(await breakOff()).toBe(200)
    // For a moment nobody but the caller knows that the line is broken.
    await vi.waitFor(async () => expect(await breakOff()).toBe(200))
    await vi.waitFor(async () => {
      const response = await send('GET', transfer)
      expect([response.headers.get('retry-after'), await outcomeOf(response)]).toEqual([
        null,
        '409 claim-spent',
      ])
    })
  })
})

describe('a claim', () => {
  it('is looked at with HEAD as often as anyone likes, before and after it is spent', async () => {
    const transfer = await storedFor(alice, 'looked at')
    const look = async (n: number): Promise<string> => {
      const response = await send('HEAD', transfer, { at: replica(n) })
      return `${response.status} ${response.headers.get('content-length')} ${response.headers.get('etag')}`
    }
    const looks = await Promise.all(Array.from({ length: 20 }, (_, n) => look(n)))
    expect(await outcomeOf(await send('GET', transfer, { at: replica(1) }))).toBe('200')
    expect(new Set([...looks, await look(0), await look(1)]).size).toBe(1)
    expect(looks[0]).toMatch(/^200 9 "/)
  })

  it('is worth nothing once its session is over, on any replica', async () => {
    const caller = await system.login('alice')
    const transfer = await storedFor(caller, 'withdrawn')
    expect((await caller.post('/logout')).status).toBe(204)
    for (const at of replicas) {
      expect((await send('HEAD', transfer, { at })).status).toBe(403)
      expect(await outcomeOf(await send('GET', transfer, { at }))).toBe('403 claim-withdrawn')
    }
  })

  it('of anyone else’s making is refused, and does not spend the real one', async () => {
    const transfer = await storedFor(alice, 'forged')
    const [header = '', payload = ''] = transfer.claim.split('.')
    const jwk = stranger.export({ format: 'jwk' })
    const forged = [
      resigned(header, payload),
      resigned(encode({ ...json(header), jwk }), payload),
      resigned(encode({ ...json(header), jku: 'http://127.0.0.1:9/jwks' }), payload),
      `${header}.${encode({ ...json(payload), sub: 'acme/bob' })}.${transfer.claim.split('.')[2]}`,
      alice.token,
    ]
    for (const claim of forged)
      expect(await outcomeOf(await send('GET', { ...transfer, claim }))).toBe('401 claim-invalid')
    expect(await outcomeOf(await send('GET', transfer))).toBe('200')
  })
})

it('stays spent when the replicas, the authority or its store begin anew', async () => {
  const transfer = await storedFor(alice, 'restart')
  expect(await outcomeOf(await send('GET', transfer))).toBe('200')
  for (const process of [...system.services.replicas.files, system.services.session]) {
    await process.kill('SIGKILL')
    await process.restart()
  }
  await system.servers.redis.kill('SIGTERM')
  await system.servers.redis.restart()
  await system.untilReady()
  for (const at of replicas)
    expect(await outcomeOf(await send('GET', transfer, { at }))).toBe('409 claim-spent')
})

describe('when the authority cannot be asked', () => {
  it('nobody is served or refused for good, and the claim is good afterwards', async () => {
    const transfer = await storedFor(alice, 'patience')
    await system.services.session.stop()
    const response = await send('GET', transfer)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await outcomeOf(response)).toBe('503 unavailable')
    await system.services.session.restart()
    await system.untilReady()
    expect(await outcomeOf(await send('GET', transfer))).toBe('200')
  })

  it('for want of a broker, likewise', async () => {
    const transfer = await storedFor(alice, 'broker')
    await system.servers.nats.kill('SIGKILL')
    await vi.waitFor(async () => expect(await outcomeOf(await send('GET', transfer))).toBe('503 unavailable'))
    await system.servers.nats.restart()
    await system.untilReady()
    expect(await outcomeOf(await send('GET', transfer))).toBe('200')
  })
})

it('asks for patience while the keys cannot be had, and calls no claim bad', async () => {
  const transfer = await storedFor(alice, 'keys')
  await system.services.documents.stop()
  // A process that has never seen the keys; it is ready nevertheless.
  await system.services.files.restart()
  expect(await outcomeOf(await send('GET', transfer))).toBe('503 unavailable')
  await system.services.documents.restart()
  await vi.waitFor(async () => expect(await outcomeOf(await send('GET', transfer))).toBe('200'), {
    timeout: 15_000,
    interval: 200,
  })
})

describe('a replica that is killed in the middle of an upload', () => {
  it('leaves nothing that is there after its restart, and the other replica’s upload is untouched', async () => {
    const root = join(dirname(dirname(system.logFile('files'))), 'files')
    const transit = (): Promise<string[]> => readdir(join(root, '.transit'))
    const [killed, spared] = [await askForUpload(alice), await askForUpload(alice)]
    beginUpload(killed, replica(0))
    const other = beginUpload(spared, replica(1))
    await vi.waitFor(async () => expect(await transit()).toHaveLength(2))

    await system.services.files.kill('SIGKILL')
    expect(await transit()).toHaveLength(2)
    await system.services.files.restart()
    expect(await transit()).toHaveLength(1)
    expect(await outcomeOf(await send('PUT', killed, { body: 'half whole' }))).toBe('409 claim-spent')

    const answer = new Promise((resolve) => {
      other.once('response', (response) => resolve(response.statusCode))
    })
    other.end('whole')
    expect(await answer).toBe(201)
    expect(await transit()).toEqual([])
    const whole = await send('GET', await askForDownload(alice, spared.document))
    expect(await whole.text()).toBe('half whole')
  })
})

it('writes no claim to any log', async () => {
  const transfer = await storedFor(alice, 'logged')
  await send('GET', transfer)
  await send('GET', { ...transfer, url: `${transfer.url}?claim=${transfer.claim}` })
  for (const name of ['files', 'files-2', 'documents', 'session', 'gateway']) {
    const log = await readFile(system.logFile(name), 'utf8')
    expect(log.length).toBeGreaterThan(0)
    expect(log).not.toContain(transfer.claim.slice(0, 60))
    expect(log).not.toContain(transfer.claim.split('.')[2])
  }
})
