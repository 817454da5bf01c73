/**
 * Every command of an operator, as a script runs it, on the whole running system.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expectProblem, startTestSystem, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  buildProgram,
  curfew,
  curfewJson,
  type Answered,
  type CliOptions,
  type Finished,
} from './cli-process.ts'

let system: TestSystem
let home: string
let program: string

beforeAll(async () => {
  system = await startTestSystem()
  home = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  program = await buildProgram(home)
  await logIn('operator')
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await rm(home, { recursive: true })
})

function options(extra: Partial<CliOptions> = {}): CliOptions {
  const { gateway, session } = system.services
  return {
    program,
    home,
    ...extra,
    env: { CURFEW_GATEWAY: gateway.url, CURFEW_SERVER: session.url, ...extra.env },
  }
}

/** Each account in a profile of its own name; the operator in the default one. */
async function logIn(username: string): Promise<Finished> {
  const { tenant, password } = system.account(username)
  const profile = username === 'operator' ? 'default' : username
  const args = ['login', `${tenant}/${username}`, '--password-stdin', '--profile', profile]
  const result = await curfew(args, options({ input: `${password}\n` }))
  if (result.code !== 0) throw new Error(result.stderr)
  return result
}

const run = (...args: string[]): Promise<Finished> => curfew(args, options())
const json = <T = Record<string, unknown>>(...args: string[]): Promise<Answered<T>> =>
  curfewJson<T>(args, options())

async function tokenOf(profile: string): Promise<string> {
  const file = join(home, '.config', 'curfew', `${profile}.json`)
  return (JSON.parse(await readFile(file, 'utf8')) as { token: string }).token
}

describe('a login', () => {
  it('keeps its token in a file that nobody else can read, and shows it nowhere', async () => {
    const result = await logIn('alice')
    const directory = join(home, '.config', 'curfew')
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    for (const file of await readdir(directory))
      expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600)
    const token = await tokenOf('alice')
    const seen = JSON.stringify([result, await run('whoami', '--profile', 'alice'), await json('whoami')])
    expect(token).toMatch(/^cfs_/)
    expect(seen).not.toContain(token.slice(-43))
    expect(seen).not.toContain(system.account('alice').password)
  })

  it('ends the session that it replaces', async () => {
    await logIn('alice')
    const before = await tokenOf('alice')
    await logIn('alice')
    const response = await fetch(new URL('/session', system.services.gateway.url), {
      headers: { authorization: `Bearer ${before}` },
    })
    await expectProblem(response, 401, 'unauthenticated')
  })

  it('with a wrong password is refused, and leaves the login before as it was', async () => {
    const before = await tokenOf('default')
    const result = await curfew(
      ['login', 'curfew/operator', '--password-stdin'],
      options({ input: 'wrong\n' }),
    )
    expect(result.code).toBe(4)
    expect(result.stderr).toContain('User name or password is wrong')
    expect(await tokenOf('default')).toBe(before)
    expect((await run('whoami')).code).toBe(0)
  })

  it('that is ended by logout is over everywhere, and forgotten here', async () => {
    await logIn('bob')
    const token = await tokenOf('bob')
    expect((await run('logout', '--profile', 'bob')).code).toBe(0)
    const response = await fetch(new URL('/session', system.services.gateway.url), {
      headers: { authorization: `Bearer ${token}` },
    })
    await expectProblem(response, 401, 'unauthenticated')
    expect(await json('whoami', '--profile', 'bob')).toMatchObject({
      code: 4,
      body: { error: { code: 'not-logged-in', exit: 4 } },
    })
  })

  it('is of no use at another address than the one it was made for', async () => {
    const result = await curfew(['whoami'], options({ env: { CURFEW_SERVER: 'http://127.0.0.1:9' } }))
    expect(result.code).toBe(2)
    expect(result.stderr).toContain('not at http://127.0.0.1:9')
  })

  it('finds the system of the checkout that it is called in', async () => {
    const { gateway, session } = system.services
    const development = { gateway: gateway.url, session: session.url, accounts: system.accounts }
    const checkout = await mkdtemp(join(home, 'checkout-'))
    await mkdir(join(checkout, '.data'))
    await mkdir(join(checkout, 'deep'))
    const file = join(checkout, '.data', 'dev.json')
    await writeFile(file, JSON.stringify(development), { mode: 0o600 })
    const input = `${system.account('operator').password}\n`
    const inside = { program, home: checkout, cwd: join(checkout, 'deep'), input }
    expect(await curfewJson(['login', '--password-stdin'], inside)).toMatchObject({
      code: 0,
      body: { session: { user: 'operator' }, server: session.url },
    })
    // Somebody else could have put it there.
    await chmod(file, 0o644)
    await rm(join(checkout, '.config'), { recursive: true })
    expect((await curfew(['login', '--password-stdin'], inside)).code).toBe(2)
  })
})

describe('a revocation', () => {
  it.each([
    ['--session', async () => sessionOf('alice')],
    ['--user', async () => 'acme/alice'],
  ])('%s ends what it names and is confirmed', async (option, nameOf) => {
    const alice = await system.login('alice')
    await logIn('alice')
    const { code, body } = await json('revoke', option, await nameOf(), '--reason', 'laptop stolen')
    expect({ code, state: body['state'] }).toEqual({ code: 0, state: 'confirmed' })
    expect((await run('whoami', '--profile', 'alice')).code).toBe(4)
    expect((await alice.get('/session')).status).toBe(option === '--user' ? 401 : 200)
    const { body: history } = await json<{ revocations: { reason: string; actor: string }[] }>(
      'revocations',
      'ls',
    )
    expect(history.revocations[0]).toMatchObject({ reason: 'laptop stolen', actor: 'curfew/operator' })
  })

  it.each([
    ['--tenant', 'acme', 'tenant'],
    ['--client', 'api', 'client'],
    ['--everyone', undefined, 'global'],
  ])('%s needs a yes, and does nothing without', async (option, name, type) => {
    const alice = await system.login('alice')
    const args = ['revoke', option, ...(name === undefined ? [] : [name]), '--reason', 'drill', '--except-me']
    const asked = await run(...args)
    expect(asked.code).toBe(2)
    expect(asked.stderr).toContain('--yes')
    expect((await alice.get('/session')).status).toBe(200)
    const { code, body } = await json(...args, '--yes')
    expect({ code, body }).toMatchObject({
      code: 0,
      body: { state: 'confirmed', revocation: { scope: { type }, reason: 'drill' } },
    })
    expect((await alice.get('/session')).status).toBe(401)
    expect((await run('whoami')).code).toBe(0)
  })

  it('with one idempotency key happens once', async () => {
    const args = ['revoke', '--user', 'acme/bob', '--reason', 'twice', '--idempotency-key', 'drill-1']
    const [first, second] = [await json(...args), await json(...args)]
    expect(second.body['revocation']).toEqual(first.body['revocation'])
    const other = await json('revoke', '--user', 'acme/alice', ...args.slice(3))
    expect(other).toMatchObject({ code: 4, body: { error: { code: 'idempotency-key-reused' } } })
  })

  it('of nobody can be had by somebody without the permission', async () => {
    await logIn('alice')
    expect(await json('revoke', '--everyone', '--reason', 'x', '--yes', '--profile', 'alice')).toMatchObject({
      code: 4,
      body: { error: { code: 'forbidden' } },
    })
  })
})

async function sessionOf(profile: string): Promise<string> {
  const { body } = await json<{ session: { id: string } }>('whoami', '--profile', profile)
  return body.session.id
}
