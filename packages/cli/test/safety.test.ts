/**
 * The word of a second operator, and the examination of a deployment, on the whole running system.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startTestSystem, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  buildProgram,
  curfew,
  curfewJson,
  hasTerminals,
  openTerminal,
  type Answered,
  type CliOptions,
} from './cli-process.ts'

let system: TestSystem
let options: CliOptions

beforeAll(async () => {
  system = await startTestSystem({ env: { session: { SESSION_SECOND_APPROVER: 'tenant,global' } } })
  const home = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  const { gateway, session } = system.services
  const env = { CURFEW_GATEWAY: gateway.url, CURFEW_SERVER: session.url }
  options = { program: await buildProgram(home), home, env }
  await logIn('operator')
  await run('grants', 'add', 'acme/alice', '--permission', 'curfew:operator')
  await logIn('alice')
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  if (options !== undefined) await rm(options.home, { recursive: true })
})

/** Each in a profile of the same name; without one, the administrator. */
async function logIn(username: string): Promise<void> {
  const { tenant, password } = system.account(username)
  const profile = username === 'operator' ? 'default' : username
  const login = ['login', `${tenant}/${username}`, '--password-stdin', '--profile', profile]
  const { code, stderr } = await curfew(login, { ...options, input: password })
  if (code !== 0) throw new Error(stderr)
}

const run = <T = Record<string, unknown>>(...args: string[]): Promise<Answered<T>> =>
  curfewJson<T>(args, options)

interface Asked {
  readonly revocation: { readonly id: string }
}

function askForTenant(): Promise<Answered<Asked>> {
  return run<Asked>('revoke', '--tenant', 'acme', '--reason', 'a drill', '--yes', '--profile', 'alice')
}

describe('a revocation that needs a second operator', () => {
  it('waits, is not approved by whoever asked, and happens when another operator approves it', async () => {
    const bob = await system.login('bob')
    const asked = await askForTenant()
    const { id } = asked.body.revocation
    expect(asked).toMatchObject({ code: 3, body: { state: 'pending' } })
    expect(await run('approvals', 'ls')).toMatchObject({
      code: 0,
      body: { approvals: [{ revocation: { id, reason: 'a drill', actor: 'acme/alice' } }] },
    })
    expect(await run('revocations', 'show', id)).toMatchObject({ code: 0, body: { state: 'pending' } })
    expect(await run('approvals', 'approve', id, '--yes', '--profile', 'alice')).toMatchObject({
      code: 4,
      body: { error: { code: 'forbidden' } },
    })
    expect((await bob.get('/session')).status).toBe(200)
    expect(await run('approvals', 'approve', id)).toMatchObject({ code: 2 })
    expect(await run('approvals', 'approve', id, '--yes')).toMatchObject({
      code: 0,
      body: { state: 'confirmed', revocation: { id, scope: { type: 'tenant', tenant: 'acme' } } },
    })
    expect((await bob.get('/session')).status).toBe(401)
    await logIn('alice')
  })

  it('is a suspension of the tenant as well: it waits, says so, and is shown for what it is', async () => {
    const bob = await system.login('bob')
    const reason = ['--reason', 'a drill of suspending']
    const asked = await run<Asked>('suspend', '--tenant', 'acme', '--yes', ...reason)
    expect(asked).toMatchObject({ code: 3, body: { state: 'pending', act: 'suspend' } })
    const { id } = asked.body.revocation
    expect((await bob.get('/session')).status).toBe(200)
    expect(await run('approvals', 'ls')).toMatchObject({ body: { approvals: [{ act: 'suspend' }] } })
    expect(await run('approvals', 'reject', id)).toMatchObject({ code: 0, body: { state: 'rejected' } })
    expect(await run('suspend', '--tenant', 'acme', '--yes')).toMatchObject({
      code: 4,
      body: { error: { code: 'bad-request' } },
    })
    expect((await bob.get('/session')).status).toBe(200)
  })

  it('does not happen when it is rejected', async () => {
    const bob = await system.login('bob')
    const { id } = (await askForTenant()).body.revocation
    expect(await run('approvals', 'reject', id)).toMatchObject({ code: 0, body: { state: 'rejected' } })
    expect(await run('approvals', 'approve', id, '--yes')).toMatchObject({
      code: 4,
      body: { error: { code: 'conflict' } },
    })
    expect((await bob.get('/session')).status).toBe(200)
  })

  it.skipIf(!hasTerminals)('is shown before it is approved at a terminal', async () => {
    const { id } = (await askForTenant()).body.revocation
    const terminal = openTerminal(['approvals', 'approve', id], options)
    await terminal.shows(
      /a drill[\s\S]*acme\/alice[\s\S]*all sessions of the tenant acme: [\s\S]*Type approve/,
    )
    terminal.type('no\r')
    expect((await terminal.ended).code).toBe(4)
    expect(await run('revocations', 'show', id)).toMatchObject({ body: { state: 'pending' } })
  })
})

interface Examination {
  readonly safe: boolean
  readonly findings: readonly { readonly level: string; readonly about: string; readonly says: string }[]
}

describe('the doctor', () => {
  const examine = (env: Record<string, string>): Promise<Answered<Examination>> => {
    const { gateway, session } = system.services
    const urls = [gateway.operationsUrl, session.operationsUrl]
    const args = ['doctor', ...urls.flatMap((url) => ['--operations', url]), '--json']
    return curfewJson<Examination>(args, { ...options, env: { ...options.env, ...env } })
  }
  const serversAs = (
    natsUser: 'admin' | 'session',
    redisUser: 'admin' | 'session',
  ): Record<string, string> => ({
    CURFEW_NATS_URL: system.servers.natsUrl(natsUser),
    CURFEW_REDIS_URL: system.servers.redisUrl(redisUser),
  })

  it('finds nothing wrong with what the services of this checkout set up, and says what old servers cannot do', async () => {
    const { code, body } = await examine(serversAs('admin', 'admin'))
    const says = body.findings.map(({ says: text }) => text).join('\n')
    expect(says).toContain('3 processes confirm revocations')
    expect(says).toContain('is set up as it must be')
    expect(says).toContain('The audit trail can only grow')
    expect(says).toContain('Changed passwords are not in the account of the log')
    expect(says).toContain('Its settings are those of infra/redis/redis.conf')
    expect(says).toContain('Nobody but administrators may empty or reconfigure it')
    expect(says).toContain('Redis holds what the log says')
    const problems = body.findings.filter(({ level }) => level === 'problem')
    expect(problems.every(({ says: text }) => text.startsWith('nats-server '))).toBe(true)
    expect({ code, safe: body.safe }).toEqual({
      code: problems.length > 0 ? 1 : 0,
      safe: problems.length === 0,
    })
  })

  it('sees that a service may not delete the log, and says what it could not see', async () => {
    const { body } = await examine(serversAs('session', 'session'))
    const says = body.findings.map(({ says: text }) => text).join('\n')
    expect(says).toContain('This user may not delete the log')
    expect(says).toContain('This user may not read settings')
  })

  it('without the servers says that it has not looked, and shows no password of those it was given', async () => {
    expect((await examine({})).body.findings).toEqual(
      expect.arrayContaining([expect.objectContaining({ says: 'NATS has not been looked into.' })]),
    )
    const wrong = {
      CURFEW_NATS_URL: 'nats://x:s3cret-n@127.0.0.1:9',
      CURFEW_REDIS_URL: 'redis://x:s3cret-r@127.0.0.1:9',
    }
    const { code, body } = await examine(wrong)
    expect({ code, text: JSON.stringify(body) }).toEqual({
      code: 1,
      text: expect.not.stringContaining('s3cret'),
    })
  })

  it('names a process that is down', async () => {
    await system.services.documents.kill('SIGKILL')
    const { gateway, documents } = system.services
    const urls = [gateway.operationsUrl, documents.operationsUrl]
    const args = ['doctor', ...urls.flatMap((url) => ['--operations', url])]
    const { code, stdout } = await curfew(args, options)
    expect(code).toBe(1)
    expect(stdout).toContain(`✘ replicas ${documents.operationsUrl} does not answer.`)
  })
})
