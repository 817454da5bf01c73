/**
 * ①–⑦ No secret is written down anywhere: neither in a log nor in a number, an event, Redis or JetStream.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { hashSecret, parseToken, relayValueFor, type Audience } from '@curfew/contracts'
import { expectJson, HttpClient, startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { disguisesOf } from './disguises.ts'
import { askForDownload, createDocument, download, upload } from './documents.ts'
import { captureFeed, logs, metrics, redisDump, streamDump, type Capture, type Place } from './places.ts'

/** Would be a second line, a second member or a command to the terminal, wherever it were written as it is. */
const HOSTILE = '\r\n{"level":"info","event":"forged"}\u001b[2J\u009b31m","event":"forged","x":"\u2028\u202e'
const MARKER = 'marker-5pQ7xW'

let system: TestSystem
let feed: Capture
let places: readonly Place[]
const secrets = new Map<string, string>()
let publicId = ''

/** What one session's token consists of, and what is derived from it. */
function keepToken(name: string, token: string): string {
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') throw new Error('no session token')
  secrets.set(`${name}: token`, token)
  secrets.set(`${name}: secret part`, token.slice(-43))
  const relay = relayValueFor(hashSecret(parsed.secret), 'documents' as Audience)
  secrets.set(`${name}: relay token`, `cfr_${parsed.sessionId}${relay}`)
  secrets.set(`${name}: relay value`, relay)
  return parsed.sessionId
}

function keepClaim(name: string, claim: string): void {
  secrets.set(`${name}: claim`, claim)
  secrets.set(`${name}: signature`, claim.split('.').at(-1) ?? '')
}

async function transfers(caller: BearerClient): Promise<void> {
  const created = await createDocument(caller, `${MARKER}.txt`)
  keepClaim('upload', created.upload.claim)
  expect((await upload(created.upload, 'content')).ok).toBe(true)
  expect((await upload(created.upload, 'content')).status).toBe(409)
  const transfer = await askForDownload(caller, created.document.id)
  keepClaim('download', transfer.claim)
  await fetch(`${transfer.url}?claim=${transfer.claim}`)
  await fetch(transfer.url, { headers: { authorization: `Bearer ${transfer.claim}x` } })
  expect((await download(transfer)).status).toBe(200)
}

async function browses(): Promise<void> {
  const browser = await system.openBrowser('alice')
  const cookie = browser.cookie('__Host-session') ?? ''
  keepToken('browser', cookie)
  secrets.set('CSRF value', browser.csrfToken ?? '')
  await expectJson(await browser.get('/session'), 200)
  const csrf = browser.csrfToken
  browser.csrfToken = 'guessed'
  expect((await browser.post('/api/documents', {})).status).toBe(403)
  browser.csrfToken = csrf
  const both = { authorization: `Bearer ${cookie}`, cookie: `__Host-session=${cookie}` }
  await fetch(new URL('/session', system.services.gateway.url), { headers: both })
  expect((await browser.post('/logout')).status).toBe(204)
}

async function operatesByConsole(): Promise<void> {
  const page = await system.openConsole('operator')
  const cookie = page.cookie('__Host-console') ?? ''
  keepToken('console', cookie)
  secrets.set('CSRF value of the console', page.csrfToken ?? '')
  await expectJson(await page.get('/api/v1/sessions'), 200)
  await page.get(`/api/v1/${cookie}?token=${cookie}`)
  expect((await page.post('/api/logout')).status).toBe(204)
}

async function misuses({ token }: BearerClient): Promise<void> {
  const { gateway, session, documents } = system.services
  for (const { url } of [gateway, session, documents]) {
    await fetch(new URL(`/api/documents/${token}?access_token=${token}`, url), {
      headers: { 'user-agent': `curl Bearer ${token}`, referer: `${url}/?t=${token}`, 'x-request-id': token },
    })
    await fetch(new URL(`/documents/${token}`, url), { headers: { authorization: `Basic ${token}` } })
    await fetch(new URL('/login', url), { method: 'POST', body: `{"token":"${token}"` })
  }
}

async function logsInWrongly(): Promise<void> {
  const gateway = new HttpClient(system.services.gateway.url)
  const password = `wrong-${MARKER}-4Tz`
  secrets.set('password of a refused login', password)
  const { username } = system.account('alice')
  for (const tenant of ['acme', 'nowhere', `acme${HOSTILE}`])
    for (const name of [username, 'nobody', `alice${HOSTILE}`])
      await gateway.post('/login', { tenant, username: name, password })
  await gateway.post('/login', { tenant: 'acme', username, password, [password]: password })
  await gateway.request('POST', '/login', {
    json: { tenant: 'acme', username, password },
    headers: { 'user-agent': `${MARKER}\u009b31m","event":"forged` },
  })
}

async function clientsAsk(): Promise<void> {
  const [client] = system.clients
  if (client === undefined) throw new Error('no client')
  secrets.set('client secret', client.secret)
  const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
  const headers = { authorization: basic }
  const session = new HttpClient(system.services.session.url)
  const json = { tenant: 'acme', user: 'alice', label: MARKER }
  const made = await expectJson<{ token: string }>(
    await session.request('POST', '/v1/sessions', { json, headers }),
    201,
  )
  keepToken('made by a backend', made.token)
  for (const path of ['/introspect', '/introspect', '/revoke', '/introspect', '/revoke']) {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams({ token: made.token, token_type_hint: HOSTILE }).toString()
    expect((await session.request('POST', path, { body, headers: { ...headers, ...form } })).status).toBe(200)
    await session.request('POST', path, { body, headers: { ...form, authorization: `${basic}x` } })
  }
}

async function operates(stolen: string): Promise<void> {
  const operator = (await system.login('operator')).at(system.services.session.url)
  keepToken('operator', operator.token)
  // Somebody pastes what he has found.
  const reason = `found ${stolen} on ${MARKER} "}{`
  const scope = { type: 'user', tenant: 'acme', user: 'bob' }
  await expectJson(await operator.post('/v1/revocations', { scope, reason }), 200)
  const session = { type: 'session', session: publicId }
  await expectJson(await operator.post('/v1/revocations', { scope: session, reason }), 200)
  const grants = { roles: ['viewer'], permissions: [], reason }
  await expectJson(await operator.put('/v1/subjects/acme/bob/grants', grants), 200)
  await expectJson(await operator.post('/v1/subjects/acme/bob/suspend', { reason }), 200)
  await expectJson(await operator.post('/v1/subjects/acme/bob/resume', { reason }), 200)
  for (const path of ['/v1/sessions', '/v1/revocations', '/v1/audit', '/v1/verifiers'])
    await expectJson(await operator.get(path), 200)
  expect((await operator.post('/v1/revocations', { scope, reason: HOSTILE })).status).toBe(400)
}

async function keepKeys(): Promise<void> {
  for (const { username, password } of system.accounts) secrets.set(`password of ${username}`, password)
  const directory = join(system.logFile('x'), '..', '..')
  secrets.set('CSRF key', (await readFile(join(directory, 'identities', 'csrf-key'), 'utf8')).trim())
  for (const file of await readdir(join(directory, 'claim-keys'))) {
    const text = await readFile(join(directory, 'claim-keys', file), 'utf8')
    secrets.set('signing key', (JSON.parse(text) as { jwk: { d: string } }).jwk.d)
  }
  expect(secrets.has('signing key')).toBe(true)
  for (const user of ['session', 'gateway', 'documents', 'files'] as const)
    secrets.set(`NATS password of ${user}`, new URL(system.servers.natsUrl(user)).password)
  for (const user of ['session', 'documents'] as const)
    secrets.set(`Redis password of ${user}`, new URL(system.servers.redisUrl(user)).password)
}

async function everythingWritten(): Promise<Place[]> {
  const written = [
    await logs(system),
    await metrics(system),
    await redisDump(system),
    await streamDump(system),
  ]
  return [...written.flat(), ...feed.places]
}

/** Names only: a failure must not print what it has found. */
function found(secret: string, where: readonly Place[] = places): string[] {
  const disguises = disguisesOf(secret)
  return where.filter(({ text }) => disguises.some((form) => text.includes(form))).map(({ name }) => name)
}

beforeAll(async () => {
  const services = ['session', 'gateway', 'documents', 'files', 'console'] as const
  const level = services.map((service) => [service, { [`${service.toUpperCase()}_LOG_LEVEL`]: 'debug' }])
  system = await startTestSystem({ console: true, env: Object.fromEntries(level) })
  feed = await captureFeed(system)
  await keepKeys()
  const program = await system.login('alice')
  publicId = keepToken('program', program.token)
  await transfers(program)
  await browses()
  await operatesByConsole()
  await misuses(program)
  await logsInWrongly()
  await clientsAsk()
  await operates(program.token)
  places = await everythingWritten()
})
afterAll(async () => {
  await feed[Symbol.asyncDispose]()
  await system[Symbol.asyncDispose]()
})

describe('the search', () => {
  it('finds what is public wherever it must be', () => {
    const where = found(publicId).join('\n')
    expect(where).toMatch(/^log of session$/m)
    expect(where).toMatch(/^Redis curfew:/m)
    expect(where).toMatch(/^stream CURFEW_1 /m)
    expect(where).toMatch(/^stream CURFEW_AUDIT /m)
    expect(where).toMatch(/^feed curfew\.1\.feed\.revoked\.session/m)
    const numbers = found('curfew_sessions_created_total').join('\n')
    expect(numbers).toMatch(/^metrics of session$/m)
  })

  it('finds a planted secret, however it is disguised', async () => {
    const redis = new Redis(system.servers.redisUrl('admin'))
    try {
      for (const [name, secret] of secrets)
        for (const disguise of [
          secret,
          `id:${secret}`,
          Buffer.from(`x:${secret}:y`).toString('base64'),
          Buffer.from(secret).toString('base64url'),
          Buffer.from(`ab${secret}`).toString('base64url'),
          Buffer.from(secret).toString('hex'),
          encodeURIComponent(`?a=${secret}`),
        ]) {
          await redis.set('planted', disguise)
          expect(found(secret, await redisPlanted(redis)), name).toEqual(['planted'])
        }
    } finally {
      await redis.del('planted')
      redis.disconnect()
    }
  })

  it('has looked at every process, both stores and more than a few messages', () => {
    const kinds = (prefix: string) => places.filter(({ name }) => name.startsWith(prefix)).length
    expect(kinds('log of')).toBe(5)
    expect(kinds('metrics of')).toBe(5)
    expect(kinds('Redis curfew:')).toBeGreaterThan(10)
    expect(kinds('Redis documents:')).toBeGreaterThan(0)
    expect(kinds('stream CURFEW_1')).toBeGreaterThan(10)
    expect(kinds('stream CURFEW_AUDIT')).toBeGreaterThan(5)
    expect(kinds('feed')).toBeGreaterThan(5)
    expect(secrets.size).toBeGreaterThan(30)
    for (const [name, secret] of secrets) expect(secret.length, name).toBeGreaterThan(15)
  })
})

async function redisPlanted(redis: Redis): Promise<Place[]> {
  return [{ name: 'planted', text: (await redis.get('planted')) ?? '' }]
}

describe('a secret', () => {
  it('is written nowhere', () => {
    const leaks = [...secrets].flatMap(([name, secret]) =>
      found(secret).map((where) => `${name} in ${where}`),
    )
    expect(leaks).toEqual([])
  })

  it('that was pasted into a reason is not kept, and the rest of the reason is', () => {
    const kept = places.filter(({ text }) => text.includes(`found [redacted] on ${MARKER}`))
    const names = kept.map(({ name }) => name).join('\n')
    expect(names).toMatch(/^stream CURFEW_1 /m)
    expect(names).toMatch(/^stream CURFEW_AUDIT /m)
  })
})

describe('text from outside', () => {
  it('forges no line: each is one entry that says when, where and what', () => {
    let lines = 0
    for (const { name, text } of places.filter((place) => place.name.startsWith('log of'))) {
      for (const line of text.split('\n').filter((each) => each !== '')) {
        const entry = JSON.parse(line) as Record<string, unknown>
        expect(entry, name).toMatchObject({
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          level: expect.stringMatching(/^[a-z]+$/),
          service: name.slice('log of '.length),
          event: expect.stringMatching(/^[a-z]+(?:[.-][a-z]+)*$/),
        })
        expect(entry['event']).not.toBe('forged')
        expect(line).not.toMatch(/[\p{Cc}\u2028-\u202e]/u)
        lines += 1
      }
    }
    expect(lines).toBeGreaterThan(50)
  })

  it('forges no event in the trail', () => {
    for (const { text } of places.filter(({ name }) => name.startsWith('stream CURFEW_AUDIT'))) {
      const stored = text.slice(text.indexOf('{'))
      expect(stored).not.toMatch(/\p{Cc}/u)
      const { events } = JSON.parse(stored) as { events: { type: string }[] }
      for (const { type } of events) expect(type).not.toContain('forged')
    }
  })
})
