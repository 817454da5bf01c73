/**
 * What the command line refuses by itself, before anything is asked of a server.
 */
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { buildProgram, curfew, curfewJson } from './cli-process.ts'
import { answer, startFakeAuthority, TOKEN, type FakeAuthority, type Handler } from './fake-authority.ts'

let directory: string
let program: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  program = await buildProgram(directory)
})
afterAll(() => rm(directory, { recursive: true }))

const start = (handler: Handler): Promise<FakeAuthority> => startFakeAuthority(program, handler)

describe('the file with the token', () => {
  it.each([
    ['others can read', async (file: string) => chmod(file, 0o640)],
    ['is damaged', async (file: string) => writeFile(file, '{"token":')],
    ['holds something else', async (file: string) => writeFile(file, '{"version":2}')],
    ['is a link', link],
  ])('that %s is not used: exit code 2', async (_name, spoil) => {
    await using server = await start((_, response) => answer(response, 200, []))
    await spoil(join(server.options.home, '.config', 'curfew', 'default.json'))
    const { code, stderr } = await curfew(['verifiers'], server.options)
    expect({ code, asked: server.asked.length }).toEqual({ code: 2, asked: 0 })
    expect(stderr).not.toContain(TOKEN)
  })

  it('is sent over an open network only where that is allowed', async () => {
    await using server = await start((_, response) => answer(response, 200, []))
    const login = [
      'login',
      'a/b',
      '--password-stdin',
      '--server',
      'http://10.0.0.1',
      '--gateway',
      'http://10.0.0.1',
    ]
    const { code, stderr } = await curfew(login, { ...server.options, input: 'secret\n' })
    expect(code).toBe(2)
    expect(stderr).toContain('not encrypted')
  })
})

describe('the command line', () => {
  it.each([
    [['bogus']],
    [['revoke', '--reason', 'x']],
    [['revoke', '--everyone', '--tenant', 'acme', '--reason', 'x', '--yes']],
    [['revoke', '--user', 'acme', '--reason', 'x']],
    [['revoke', '--user', 'acme/alice']],
    [['revoke', '--user', 'acme/alice', '--reason', ' ']],
    [['revoke', '--session', 'short', '--reason', 'x']],
    [['grants', 'add', 'acme/alice']],
    [['suspend']],
    [['sessions', 'ls', '--limit', '0']],
    [['login', '--password', 'secret']],
    [['whoami', '--profile', '../x']],
  ])('%j is wrong usage: exit code 2, and nothing is asked', async (args) => {
    await using server = await start((_, response) => answer(response, 200, []))
    const { code, body } = await curfewJson(args, server.options)
    expect({ code, body }).toMatchObject({ code: 2, body: { error: { exit: 2 } } })
    expect(server.asked).toEqual([])
  })
})

describe('help', () => {
  it.each([
    [['-h', 'revoke'], 'curfew revoke [options]'],
    [['--json', '--help', 'revoke'], 'curfew revoke [options]'],
    [['grants', '-h', 'add'], 'curfew grants add [options] <user>'],
    [['revoke', '-h'], 'curfew revoke [options]'],
    [['-h'], 'curfew [options] [command]'],
    [['--profile', '-h', '-h'], 'curfew [options] [command]'],
  ])('asked for by %j is that of the command', async (args, shown) => {
    await using server = await start((_, response) => answer(response, 200, []))
    const { code, stdout } = await curfew(args, server.options)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`Usage: ${shown}`) })
  })
})

describe('a word that is not there', () => {
  it.each([
    [['revoke', '--user', 'acme/alice', '--reasn', 'x'], "unknown option '--reasn'"],
    [['revoke', '--evryone', '--reason', 'x'], "unknown option '--evryone'"],
    [['grants', 'add', 'acme/alice', '--rol', 'x'], "unknown option '--rol'"],
    [['revoke', '--user', 'acme/alice'], '--reason'],
  ])('is what %j is told', async (args, told) => {
    await using server = await start((_, response) => answer(response, 200, []))
    expect(await curfew(args, server.options)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(told),
    })
  })

  it.each([[['logot']], [['suspnd']], [['revok']], [['grants', 'ad']], [['approvals', 'aprove']]])(
    '%j is never taken for a command that changes something',
    async (args) => {
      await using server = await start((_, response) => answer(response, 200, []))
      const { code, stderr } = await curfew(args, server.options)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('unknown command') })
      expect(stderr).not.toContain('Did you mean')
    },
  )
})

async function link(file: string): Promise<void> {
  await writeFile(`${file}.other`, '{}', { mode: 0o600 })
  await rm(file)
  await symlink(`${file}.other`, file)
}
