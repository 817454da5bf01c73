/**
 * `npm start`, from the first line to the last process, however it ends.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { REPOSITORY } from '../src/config.ts'
import { SERVICE_NAMES, type DevelopmentFile } from '../src/index.ts'
import { pidStart } from '../src/pid-start.ts'
import { isPortFree } from '../src/tcp-ports.ts'
import { Start, freePorts, type Ports } from './npm-start.ts'
import { eventually, scratchDirectory } from './scratch.ts'

const run = promisify(execFile)
const starts: Start[] = []

afterEach(async () => {
  await Promise.all(starts.splice(0).map((start) => start.stop()))
})

function begin(directory: string, ports: Ports, command?: readonly string[]): Start {
  const start = new Start(directory, ports, command)
  starts.push(start)
  return start
}

function running(pids: DevelopmentFile['pids']): string[] {
  return Object.entries(pids).flatMap(([name, pid]) => (pidStart(pid) === undefined ? [] : [name]))
}

/** The commands of the banner: login, read, revoke. */
function printedCommands(output: string): [string, string, string] {
  const [login = '', read = '', revoke = ''] = output
    .split('\n')
    .filter((line) => /^ {2}(TOKEN=|curl )/.test(line))
  return [login, read, revoke]
}

async function inShell(...lines: string[]): Promise<string> {
  const { stdout } = await run('bash', ['-c', lines.join('\n')], { cwd: REPOSITORY })
  return stdout
}

/** Where it was before the gateway had an account of its own. */
async function storeFormerPassword(adminUrl: string): Promise<void> {
  const { host, username, password } = new URL(adminUrl)
  const nc = await connect({ servers: host, user: username, pass: password })
  const { streams } = await jetstreamManager(nc)
  await streams.add({ name: 'KV_curfew_accounts', subjects: ['$KV.curfew_accounts.>'] })
  await jetstream(nc).publish('$KV.curfew_accounts.someone', '{}')
  await nc.close()
}

const EVERYTHING = new Set(['gateway', 'session', 'documents', 'files', 'console', 'nats', 'redis'])

describe('a running system', () => {
  const scratch = scratchDirectory()
  let start: Start
  let ports: Ports
  let file: DevelopmentFile

  beforeAll(async () => {
    ports = await freePorts()
    const upstreams = `documents=http://127.0.0.1:${ports['DOCUMENTS_PORT']},nowhere=http://127.0.0.1:1`
    start = new Start(scratch.path, { ...ports, GATEWAY_UPSTREAMS: upstreams })
    file = await start.isUp()
  })

  afterAll(async () => {
    await start.stop()
    scratch[Symbol.dispose]()
  })

  it('has printed commands that work exactly as printed: log in, read, revoke, read again', async () => {
    const [login, read, revoke] = printedCommands(start.output)
    const said = await inShell(login, read, 'echo; echo ----', revoke, 'echo; echo ----', read)
    const [before, effect, after] = said.split('----').map((text) => text.trim())
    expect(before).toMatch(/^HTTP\/1\.1 200 /)
    expect(effect).toMatch(/^HTTP\/1\.1 20[02] /)
    expect(after).toMatch(/^HTTP\/1\.1 401 /)
    expect(start.output).not.toContain('\u001B[')
  })

  it('tells in dev.json, to its owner only, where everything is', async () => {
    expect(statSync(join(scratch.path, 'dev.json')).mode & 0o777).toBe(0o600)
    expect(file.gateway).toBe(`http://127.0.0.1:${ports['GATEWAY_PORT']}`)
    expect(new Set(running(file.pids))).toEqual(EVERYTHING)
  })

  it('serves readiness and metrics at the operations port of each service, and not at its public one', async () => {
    for (const service of SERVICE_NAMES)
      for (const path of ['/healthz', '/readyz', '/metrics']) {
        expect((await fetch(`${file[service]}${path}`)).status).toBe(404)
        expect((await fetch(`${file.operations[service]}${path}`)).status).toBe(200)
      }
  })

  it('keeps the settings that commands of administrators take, for its owner only', async () => {
    const settings = join(scratch.path, 'session.env')
    expect(statSync(settings).mode & 0o777).toBe(0o600)
    const node = `set -a; . '${settings}'; '${process.execPath}' services/session/src/commands`
    const recover = `${node}/recover-operator.ts --user operator --reason test --dry-run >/dev/null; echo $?`
    const openEpoch = `${node}/new-epoch.ts --dry-run >/dev/null; echo $?`
    // Nothing is wrong: an operator is there, and so is the log.
    expect(await inShell(recover, openEpoch)).toBe('3\n0\n')
  })

  it('goes by the settings of its environment before those that it makes itself', async () => {
    const [login] = printedCommands(start.output)
    const ask = (service: string): string =>
      `curl -s -o /dev/null -w '%{http_code}' ${file.gateway}/api/${service} -H "Authorization: Bearer $TOKEN"`
    expect(await inShell(login, ask('nowhere'))).toBe('503')
    expect(await inShell(login, ask('unknown'))).toBe('404')
  })

  it('is alone in its directory: a second start is refused and changes nothing', async () => {
    const second = begin(scratch.path, await freePorts())
    expect(await second.exited).toBe(1)
    expect(second.output).toMatch(/runs in this folder already \(process \d+\).*kill \d+/)
    expect(new Set(running(file.pids))).toEqual(EVERYTHING)
    expect(existsSync(join(scratch.path, 'dev.json'))).toBe(true)
  })
})

describe('npm start', () => {
  it('ends with Ctrl-C and leaves nothing running; the next one finds the sessions again, and passwords that an earlier version kept elsewhere', async () => {
    using scratch = scratchDirectory()
    const ports = await freePorts()
    const first = begin(scratch.path, ports)
    const { pids, nats } = await first.isUp()
    const [login, read] = printedCommands(first.output)
    const token = await inShell(login, 'printf %s "$TOKEN"')
    await storeFormerPassword(nats)
    expect(await first.stop('SIGINT')).toBe(0)
    expect(running(pids)).toEqual([])
    for (const file of ['dev.json', 'session.env']) expect(existsSync(join(scratch.path, file))).toBe(false)

    const own = ownAccounts(scratch.path, 'carol')
    const second = begin(scratch.path, { ...ports, GATEWAY_ACCOUNTS_FILE: relative(REPOSITORY, own) })
    const { gateway, accounts } = await second.isUp()
    expect(await inShell(`TOKEN=${token}`, read)).toMatch(/^HTTP\/1\.1 200 /)
    // The file names somebody; the passwords of the accounts that were made are of no use any more.
    expect(accounts).toEqual([])
    expect(second.output).toContain('GATEWAY_ACCOUNTS_FILE')
    expect(second.output).not.toContain('TOKEN=')
    const logIn = async (username: string): Promise<number> => {
      const body = readFileSync(join(scratch.path, 'logins', `${username}.json`), 'utf8')
      const headers = { 'content-type': 'application/json' }
      return (await fetch(`${gateway}/login`, { method: 'POST', headers, body })).status
    }
    expect([await logIn('carol'), await logIn('alice')]).toEqual([200, 401])
    expect(second.output).toContain('changed passwords moved: 1')
    expect(second.output.indexOf('passwords moved')).toBeLessThan(second.output.indexOf('session is ready'))
  })

  it('names every port that is taken, who needs it and what to set, before it starts anything', async () => {
    using scratch = scratchDirectory()
    const ports = await freePorts()
    const taken = createServer().listen(Number(ports['DOCUMENTS_PORT']), '127.0.0.1')
    await once(taken, 'listening')
    const start = begin(scratch.path, ports)
    expect(await start.exited).toBe(1)
    expect(start.output).toContain(
      `port ${ports['DOCUMENTS_PORT']}, which documents needs, is taken: stop what uses it, or set DOCUMENTS_PORT`,
    )
    expect(existsSync(join(scratch.path, 'logs'))).toBe(false)
    taken.close()
  })

  it('says which part died, shows the end of its log, ends the others and fails', async () => {
    using scratch = scratchDirectory()
    const start = begin(scratch.path, await freePorts())
    const { pids } = await start.isUp()
    process.kill(pids.documents ?? 0, 'SIGKILL')
    expect(await start.exited).toBe(1)
    expect(start.output).toMatch(
      /documents ended unexpectedly, by SIGKILL\. The end of .*documents\.log:\n {2}\S/,
    )
    expect(running(pids)).toEqual([])
  })

  it('ends while it is still starting, and leaves nothing running', async () => {
    using scratch = scratchDirectory()
    const ports = await freePorts()
    const start = begin(scratch.path, ports)
    expect(await eventually(() => start.output.includes('session is ready'))).toBe(true)
    expect(await start.stop('SIGTERM')).toBe(0)
    expect(start.output).not.toContain('Curfew is running')
    for (const port of Object.values(ports)) expect(await isPortFree(Number(port))).toBe(true)
  })
})

describe('an end by force', () => {
  it('npm that is told to end ends everything', async () => {
    using scratch = scratchDirectory()
    const start = begin(scratch.path, await freePorts(), ['npm', 'start'])
    const { pids } = await start.isUp()
    await start.stop('SIGTERM')
    expect(await eventually(() => running(pids).length === 0)).toBe(true)
  })

  it.each(['npm', 'bootstrap', 'supervisor'])(
    'the %s killed outright takes everything with it',
    async (victim) => {
      using scratch = scratchDirectory()
      const start = begin(scratch.path, await freePorts(), victim === 'npm' ? ['npm', 'start'] : undefined)
      const { pids } = await start.isUp()
      const { pid: supervisor } = recordOf(scratch.path).supervisor
      if (victim === 'supervisor') process.kill(supervisor, 'SIGKILL')
      else start.child.kill('SIGKILL')
      expect(await eventually(() => running(pids).length === 0 && pidStart(supervisor) === undefined)).toBe(
        true,
      )
    },
  )

  it('does not keep the next start from running, not even one that comes at once', async () => {
    using scratch = scratchDirectory()
    const ports = await freePorts()
    const first = begin(scratch.path, ports)
    const { pids } = await first.isUp()
    process.kill(recordOf(scratch.path).supervisor.pid, 'SIGKILL')
    const second = begin(scratch.path, ports)
    const next = await second.isUp()
    expect(running(pids)).toEqual([])
    expect(new Set(running(next.pids))).toEqual(EVERYTHING)
  })
})

function recordOf(directory: string): { supervisor: { pid: number } } {
  return JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as ReturnType<typeof recordOf>
}

/** An accounts file with one of the people of a run. */
function ownAccounts(directory: string, username: string): string {
  const { accounts } = JSON.parse(readFileSync(join(directory, 'identities', 'accounts.json'), 'utf8')) as {
    accounts: { username: string }[]
  }
  const path = join(directory, 'own-accounts.json')
  writeFileSync(
    path,
    JSON.stringify({ accounts: accounts.filter((account) => account.username === username) }),
  )
  return path
}
