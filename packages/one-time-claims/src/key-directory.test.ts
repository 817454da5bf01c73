import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { SessionId, Subject } from '@curfew/contracts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { serveKeys } from '../test/forge.ts'
import { createClaimSigner, createClaimVerifier, generateSigningJwk, openKeyDirectory } from './index.ts'
import type { FileId, KeyDirectory, KeyDirectoryOptions, KeyEvent } from './index.ts'

const START = Date.parse('2026-11-02T10:00:00Z')
const SECOND = 1_000
const LEAD = 100 * SECOND
const PERIOD = 1_000 * SECOND
const LIFETIME = 60 * SECOND
/** Of clocks. */
const DIFFERENCE = 5 * SECOND

let directory: string
let events: KeyEvent[]
const opened: KeyDirectory[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'curfew-keys-'))
  events = []
  vi.useFakeTimers({ now: START, toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] })
})
afterEach(async () => {
  vi.useRealTimers()
  for (const keys of opened.splice(0)) keys[Symbol.dispose]()
  await rm(directory, { recursive: true, force: true })
})

async function open(options: Partial<KeyDirectoryOptions> = {}): Promise<KeyDirectory> {
  const keys = await openKeyDirectory({
    directory,
    lifetimeSeconds: LIFETIME / SECOND,
    rotateEverySeconds: PERIOD / SECOND,
    leadSeconds: LEAD / SECOND,
    report: (event) => events.push(event),
    ...options,
  })
  opened.push(keys)
  return keys
}

const idsAt = (keys: KeyDirectory, ms: number): string[] =>
  keys.published(START + ms).map(({ keyId }) => keyId)
const signsAt = (keys: KeyDirectory, ms: number): string => keys.inForce(START + ms).keyId
const files = async (): Promise<string[]> => (await readdir(directory)).toSorted()

describe('a directory without a key', () => {
  it('gets one, which signs at once and which nobody else can read', async () => {
    const keys = await open()
    expect(await files()).toEqual(['key-000001.json'])
    expect((await stat(join(directory, 'key-000001.json'))).mode & 0o777).toBe(0o600)
    expect(keys.keys).toEqual([{ keyId: signsAt(keys, 0), signsFrom: new Date(START) }])
    expect(events).toMatchObject([{ kind: 'made' }])
  })

  it('gets one key, however many replicas begin at once', async () => {
    const replicas = await Promise.all(Array.from({ length: 8 }, () => open()))
    expect(await files()).toEqual(['key-000001.json'])
    expect(new Set(replicas.map((keys) => signsAt(keys, 0))).size).toBe(1)
  })

  it('that cannot be written has nothing to sign with', async () => {
    await expect(open({ directory: join(directory, 'absent') })).rejects.toThrow('ENOENT')
  })
})

describe('a rotation', () => {
  it('publishes the next key before it signs, and the last one until its claims are over', async () => {
    const keys = await open()
    const first = signsAt(keys, 0)
    await keys.refresh(START + PERIOD - LEAD - 1)
    expect(await files()).toHaveLength(1)

    await keys.refresh(START + PERIOD - LEAD)
    const [, second = ''] = idsAt(keys, PERIOD - LEAD)
    expect(idsAt(keys, PERIOD - LEAD)).toEqual([first, second])
    expect(signsAt(keys, PERIOD - 1)).toBe(first)
    expect(signsAt(keys, PERIOD)).toBe(second)

    const over = PERIOD + LIFETIME + DIFFERENCE
    expect(idsAt(keys, over - 1)).toEqual([first, second])
    expect(idsAt(keys, over)).toEqual([second])
    await keys.refresh(START + over)
    expect(await files()).toEqual(['key-000002.json'])
    expect(events.map(({ kind }) => kind)).toEqual(['made', 'made', 'removed'])
  })

  it('is made once by replicas that find at once that it is due, and all change over together', async () => {
    const first = await open()
    const replicas = [first, ...(await Promise.all(Array.from({ length: 7 }, () => open())))]
    await Promise.all(replicas.map((keys) => keys.refresh(START + PERIOD - LEAD)))
    await Promise.all(replicas.map(() => first.refresh(START + PERIOD - LEAD)))
    expect(await files()).toEqual(['key-000001.json', 'key-000002.json'])
    for (const ms of [0, PERIOD - 1, PERIOD, PERIOD + LIFETIME])
      expect(new Set(replicas.map((keys) => signsAt(keys, ms))).size).toBe(1)
  })

  it('happens by itself', async () => {
    const keys = await open()
    await vi.advanceTimersByTimeAsync(PERIOD - LEAD)
    vi.useRealTimers()
    await vi.waitFor(async () => expect(await files()).toHaveLength(2))
    await vi.waitFor(() => expect(keys.keys).toHaveLength(2))
  })

  it('by hand brings the next key forward, and never shortens its lead', async () => {
    const keys = await open()
    await keys.rotate(START + 5)
    expect(keys.keys.map(({ signsFrom }) => signsFrom.getTime() - START)).toEqual([0, 5 + LEAD])
  })

  it('may change the algorithm', async () => {
    await open()
    const keys = await open({ algorithm: 'ES256' })
    await keys.rotate(START)
    expect(keys.published(START).map(({ publicJwk }) => publicJwk.alg)).toEqual(['Ed25519', 'ES256'])
  })

  it('loses no claim: each is good from its minting to its end, for a verifier that keeps what it has seen', async () => {
    const keys = await open()
    const issuer = 'http://documents.test'
    const signer = createClaimSigner({ issuer, keys, lifetimeSeconds: LIFETIME / SECOND })
    await using jwks = await serveKeys(() => [...signer.jwks().keys])
    const verifier = createClaimVerifier({
      audience: 'files',
      issuers: new Map([[issuer, jwks.url]]),
      clockToleranceSeconds: 5,
    })
    const outstanding: { claim: string; expiresAt: Date }[] = []
    const used = new Set<string>()
    for (let ms = 0; ms <= 3 * PERIOD; ms += 10 * SECOND) {
      if (ms > 0) await vi.advanceTimersByTimeAsync(10 * SECOND)
      await keys.refresh()
      used.add(keys.inForce(Date.now()).keyId)
      const subject = { tenant: 'acme', user: 'alice' } as Subject
      const act = { op: 'download', file: 'F'.repeat(22) as FileId } as const
      outstanding.push(await signer.mint({ subject, session: 'A'.repeat(22) as SessionId, act }))
      const alive = outstanding.filter(({ expiresAt }) => expiresAt.getTime() > Date.now())
      const verdicts = await Promise.all(alive.map(({ claim }) => verifier.verify(claim)))
      expect(verdicts.map(({ kind }) => kind)).toEqual(alive.map(() => 'valid'))
    }
    expect(used.size).toBe(4)
  })
})

describe('a key that is withdrawn', () => {
  it('is gone from every replica when it has looked, and another signs', async () => {
    const [keys, other] = [await open(), await open()]
    const first = signsAt(keys, 0)
    expect(await keys.withdraw(first, START + 1)).toBe(true)
    expect(idsAt(keys, 1)).not.toContain(first)
    await other.refresh(START + 1)
    expect(idsAt(other, 1)).toEqual(idsAt(keys, 1))
    expect(signsAt(other, 1)).toBe(signsAt(keys, 1))
    expect(await files()).toEqual(['key-000001.withdrawn', 'key-000002.json'])
    expect(await readFile(join(directory, 'key-000001.withdrawn'), 'utf8')).toBe('')
    expect(await keys.withdraw(first)).toBe(false)
  })

  it('is followed by the one that verifiers know already', async () => {
    const keys = await open()
    await keys.rotate(START)
    const [first = '', second = ''] = idsAt(keys, 0)
    await keys.withdraw(first, START + 1)
    expect(signsAt(keys, 1)).toBe(second)
    expect(idsAt(keys, 1)).toEqual([second])
  })
})

describe('what else lies in the directory', () => {
  it.each([
    ['no JSON', '{"d":"secret-half'],
    ['another shape', '{"jwk":{"d":"secret-half"}}'],
    ['no time', JSON.stringify({ signs_from: '2026-99-99T99:99:99Z', jwk: generateSigningJwk('Ed25519') })],
    ['no key', JSON.stringify({ signs_from: '2026-11-02T10:00:00Z', jwk: { d: 'secret-half' } })],
  ])('%s is reported without being quoted, and the other keys go on', async (_, text) => {
    const keys = await open()
    await writeFile(join(directory, 'key-000007.json'), text)
    await writeFile(join(directory, 'README'), 'secret-half')
    await keys.refresh(START)
    expect(keys.keys).toHaveLength(1)
    const failed = events.filter(({ kind }) => kind === 'failed')
    expect(failed).toHaveLength(1)
    expect(JSON.stringify(failed.map((event) => 'err' in event && String(event.err)))).not.toContain(
      'secret-half',
    )
  })

  it('is not known any more when the directory has gone: after the lead, a key may have been missed', async () => {
    const keys = await open()
    await rm(directory, { recursive: true })
    await expect(keys.refresh(START + 1)).rejects.toThrow('ENOENT')
    expect(keys.isCurrent(START + LEAD - 1)).toBe(true)
    expect(keys.isCurrent(START + LEAD)).toBe(false)
    expect(signsAt(keys, LEAD)).toBe(keys.keys[0]?.keyId)
  })
})
