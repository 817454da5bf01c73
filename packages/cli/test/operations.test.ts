/**
 * What operators look up and change, and what they meet at a terminal, on the whole running system.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expectJson, HttpClient, startTestSystem, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import {
  buildProgram,
  curfew,
  curfewJson,
  hasTerminals,
  openTerminal,
  startCurfew,
  type Answered,
  type CliOptions,
  type Finished,
  type Running,
} from './cli-process.ts'

/** Whoever has logged in before that has to show the password again. */
const RECENT_MS = 2_000

let system: TestSystem
let options: CliOptions

beforeAll(async () => {
  system = await startTestSystem({
    env: { session: { SESSION_RECENT_AUTHENTICATION_SECONDS: String(RECENT_MS / 1_000) } },
  })
  const home = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  const { gateway, session } = system.services
  const env = { CURFEW_GATEWAY: gateway.url, CURFEW_SERVER: session.url }
  options = { program: await buildProgram(home), home, env }
  await logIn()
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  if (options !== undefined) await rm(options.home, { recursive: true })
})

async function logIn(): Promise<void> {
  const { tenant, username, password } = system.account('operator')
  const login = ['login', `${tenant}/${username}`, '--password-stdin']
  const { code, stderr } = await curfew(login, { ...options, input: password })
  if (code !== 0) throw new Error(stderr)
}

const run = (...args: string[]): Promise<Finished> => curfew(args, options)
const json = <T = Record<string, unknown>>(...args: string[]): Promise<Answered<T>> =>
  curfewJson<T>(args, options)

describe('an operator', () => {
  it('sees live sessions, one or many, and never a token', async () => {
    const alice = await system.login('alice')
    await system.login('carol')
    const { body } = await json<{ sessions: { id: string; user: string }[]; more: boolean }>('sessions', 'ls')
    expect(body.sessions.map(({ user }) => user)).toEqual(
      expect.arrayContaining(['alice', 'carol', 'operator']),
    )
    const ofAlice = await json<{ sessions: { id: string }[] }>('sessions', 'ls', '--user', 'acme/alice')
    const id = ofAlice.body.sessions[0]?.id ?? ''
    expect(alice.token).toContain(id)
    const one = await json<{ session: object }>('sessions', 'show', id)
    expect(one).toMatchObject({ code: 0, body: { session: { id, user: 'alice', roles: ['editor'] } } })
    const limited = await json<{ sessions: object[]; more: boolean }>('sessions', 'ls', '--limit', '1')
    expect(limited.body).toMatchObject({ more: true, sessions: [{}] })
    const table = await run('sessions', 'ls')
    expect(table.stdout).toMatch(/SESSION +USER[\s\S]*acme\/alice/)
    expect(JSON.stringify([body, one, table])).not.toMatch(/cf[sr]_/)
  })

  it('gives and takes roles and permissions, confirmed, without losing what others change meanwhile', async () => {
    const subject = 'acme/dave'
    expect((await json('grants', 'get', subject)).code).toBe(4)
    const results = await Promise.all(
      ['one:read', 'two:read', 'three:read'].map((permission) =>
        json('grants', 'add', subject, '--permission', permission, '--reason', 'new here'),
      ),
    )
    expect(results.map(({ code, body }) => [code, body['state']])).toEqual(
      Array.from({ length: 3 }, () => [0, 'confirmed']),
    )
    const { body } = await json<{ permissions: string[] }>('grants', 'get', subject)
    expect(body.permissions.toSorted()).toEqual(['one:read', 'three:read', 'two:read'])
    expect(await json('grants', 'remove', subject, '--permission', 'two:read')).toMatchObject({
      code: 0,
      body: { permissions: expect.not.arrayContaining(['two:read']) },
    })
    expect(await json('grants', 'set', subject, '--role', 'viewer')).toMatchObject({
      code: 0,
      body: { roles: ['viewer'], permissions: [], state: 'confirmed' },
    })
    expect(await json('grants', 'ls', 'acme', '--prefix', 'da')).toMatchObject({
      code: 0,
      body: { subjects: [{ user: 'dave', roles: ['viewer'], suspended: false }], more: false },
    })
  })

  it('says what a role stands for, with a recent proof of who says it', async () => {
    const args = ['roles', 'set', 'acme', 'auditor', '--permission', 'documents:read', '--reason', 'audit']
    expect(await json(...args)).toMatchObject({
      code: 4,
      body: { error: { code: 'insufficient-authentication' } },
    })
    const defined = { code: 0, body: { permissions: ['documents:read'], state: 'confirmed' } }
    // On a busy machine the proof can be too old again before the command arrives.
    await vi.waitFor(async () => {
      await logIn()
      expect(await json(...args)).toMatchObject(defined)
    }, 30_000)
    expect((await run('roles', 'ls', 'acme')).stdout).toMatch(/^auditor +documents:read$/m)
  })

  it('suspends a user, who can log in again when resumed', async () => {
    const suspended = await json('suspend', '--user', 'acme/bob', '--reason', 'on leave')
    expect(suspended).toMatchObject({ code: 0, body: { suspended: true, state: 'confirmed' } })
    await expect(system.login('bob')).rejects.toThrow(/401/)
    expect(await json('resume', '--user', 'acme/bob')).toMatchObject({ code: 0, body: { suspended: false } })
    await expect(system.login('bob')).resolves.toBeDefined()
  })

  it('sees every verifier with its lease', async () => {
    const { body } = await json<{ service: string; lease_remaining_ms: number }[]>('verifiers')
    expect(body.map(({ service }) => service).toSorted()).toEqual(['documents', 'gateway', 'session'])
    expect(body.every(({ lease_remaining_ms: left }) => left > 0)).toBe(true)
    expect((await run('verifiers')).stdout).toMatch(/^SERVICE +HOST +ID +LEASE/)
  })

  it('reads who did what and why, and finds the trail unaltered', async () => {
    await run('revoke', '--user', 'globex/carol', '--reason', 'lost phone')
    const { body } = await json<{ events: object[] }>(
      'audit',
      '--user',
      'globex/carol',
      '--type',
      'revocation',
    )
    expect(body.events[0]).toMatchObject({ actor: 'curfew/operator', reason: 'lost phone', outcome: 'done' })
    expect(await json('audit', '--verify')).toMatchObject({ code: 0, body: { intact: true, faults: [] } })
  })
})

it("a user with a provider's name is given, shown, ended and found on record by that name", async () => {
  const user = "did:web:example.com%3A3000:o'neil+用户/1"
  const subject = `acme/${user}`
  const { id } = await sessionOf(user)
  const given = await json('grants', 'set', subject, '--permission', 'documents:read')
  expect(given).toMatchObject({ code: 0, body: { state: 'confirmed' } })
  const listed = await json<{ sessions: object[] }>('sessions', 'ls', '--user', subject)
  expect(listed.body.sessions).toEqual([
    expect.objectContaining({ id, user, permissions: ['documents:read'] }),
  ])
  const revoked = await json('revoke', '--user', subject, '--reason', 'lost phone')
  expect(revoked).toMatchObject({ code: 0, body: { state: 'confirmed', ended: { sessions: 1 } } })
  const { body } = await json<{ events: object[] }>('audit', '--user', subject, '--type', 'revocation')
  expect(body.events).toEqual([expect.objectContaining({ tenant: 'acme', user, reason: 'lost phone' })])
})

/** As a trusted backend begins it. */
async function sessionOf(user: string): Promise<{ readonly id: string }> {
  const [client] = system.clients
  if (client === undefined) throw new Error('there is no client')
  const response = await new HttpClient(system.services.session.url).request('POST', '/v1/sessions', {
    json: { tenant: 'acme', user },
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}` },
  })
  return (await expectJson<{ session: { id: string } }>(response, 201)).session
}

describe('whoever watches', () => {
  it('sees what happens as it happens, and goes on behind the last line when the replica comes back', async () => {
    const watching = startCurfew(['watch', '--json'], options)
    const people = startCurfew(['watch'], options)
    // The stream has begun when something that came later is on it.
    await Promise.all([
      untilShown(watching, /"type":"grants-changed".*"user":"erin"/),
      untilShown(people, /grants of acme\/erin are now begin:\d+/),
    ])
    await system.services.session.restart()
    await system.untilReady()
    expect((await run('revoke', '--user', 'acme/erin', '--reason', 'a test')).code).toBe(0)
    await watching.shows(/"type":"revoked".*"reason":"a test"/)
    await people.shows(/ended all sessions of acme\/erin, by curfew\/operator: a test/)
    for (const running of [watching, people]) running.child.kill('SIGINT')
    const [{ code, stdout }] = await Promise.all([watching.ended, people.ended])
    expect(code).toBe(0)
    const positions = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; position: string })
      // The new process remembers nothing, and of what has been superseded meanwhile the log holds only the place.
      .filter(({ type }) => type !== 'gap')
      .map(({ position }) => position)
    expect(positions).toEqual([...new Set(positions)].toSorted())
  })
})

async function untilShown(running: Running, pattern: RegExp): Promise<void> {
  await expect
    .poll(
      async () => {
        await run('grants', 'set', 'acme/erin', '--permission', `begin:${Date.now()}`)
        return pattern.test(running.written)
      },
      { timeout: 20_000, interval: 200 },
    )
    .toBe(true)
}

describe.skipIf(!hasTerminals)('at a terminal', () => {
  const secret = (): string => system.account('operator').password

  it('a login asks for what it is not told, and shows no password', async () => {
    const terminal = openTerminal(['login'], options)
    await terminal.shows(/Account, as TENANT\/USER \(curfew\/operator\): /)
    terminal.type('\r')
    await terminal.shows(/Password: /)
    terminal.type(`${secret()}\r`)
    expect((await terminal.ended).code).toBe(0)
    expect(terminal.written).toContain('Logged in as')
    expect(terminal.written).not.toContain(secret())
  })

  it('ending everyone shows whom it hits, and takes only the whole word for yes', async () => {
    const alice = await system.login('alice')
    const terminal = openTerminal(['revoke', '--everyone', '--reason', 'drill', '--except-me'], options)
    await terminal.shows(
      /all sessions of everyone: \S*\d+ sessions?[\s\S]*acme +\d+[\s\S]*Type everyone to end them all but this one/,
    )
    terminal.type('yes\r')
    expect((await terminal.ended).code).toBe(4)
    expect(terminal.written).toContain('Nothing has been done')
    expect((await alice.get('/session')).status).toBe(200)
  })

  it('ending everyone asks for the password again, shows each verifier turn green, and keeps the new token', async () => {
    const alice = await system.login('alice')
    await expect.poll(async () => authenticationAgeMs(), { timeout: 10_000 }).toBeGreaterThan(RECENT_MS)
    const terminal = openTerminal(['revoke', '--everyone', '--reason', 'drill', '--except-me'], options)
    await terminal.shows(/Type everyone to end them all but this one/)
    terminal.type('everyone\r')
    await terminal.shows(/Password of curfew\/operator: /)
    terminal.type('not the password\r')
    await terminal.shows(/That is not the password\.\s+Password/)
    terminal.type(`${secret()}\r`)
    expect((await terminal.ended).code).toBe(0)
    for (const service of ['session', 'gateway', 'documents'])
      expect(terminal.written).toMatch(new RegExp(`● ${service} .*\\d ms`))
    expect(terminal.written).toMatch(/✔ confirmed by 3 of 3 verifiers/)
    expect(terminal.written).not.toContain(secret())
    expect((await alice.get('/session')).status).toBe(401)
    expect((await run('whoami')).code).toBe(0)
  })

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('%s at a question ends it, and nothing is done', async (_name, key) => {
    const terminal = openTerminal(['login'], options)
    await terminal.shows(/Account, as/)
    terminal.type(key)
    expect((await terminal.ended).code).toBe(130)
    expect(terminal.written).toContain('nothing has been done')
  })

  it('colours are left out where NO_COLOR says so', async () => {
    const plain = openTerminal(['verifiers'], { ...options, env: { ...options.env, NO_COLOR: '1' } })
    const coloured = openTerminal(['verifiers'], options)
    await Promise.all([plain.ended, coloured.ended])
    expect(plain.written).not.toContain('\u001b[')
    expect(coloured.written).toContain('\u001b[32m')
  })
})

async function authenticationAgeMs(): Promise<number> {
  const { body } = await json<{ session: { auth_time: string } }>('whoami')
  return Date.now() - Date.parse(body.session.auth_time)
}
