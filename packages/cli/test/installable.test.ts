/**
 * The package as somebody gets it who has no checkout: packed, installed into an empty folder without a network, run.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import packageJson from '../package.json' with { type: 'json' }

const run = promisify(execFile)
const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url))

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  const bootstrap = await readFile(join(CHECKOUT, 'infra', 'bootstrap.mjs'), 'utf8')
  const [pnpm = ''] = /pnpm@[0-9.]+/.exec(bootstrap) ?? []
  const pack = ['-y', pnpm, 'pack', '--pack-destination', folder]
  await run('npx', pack, { cwd: fileURLToPath(new URL('..', import.meta.url)) })
  const [tarball = ''] = await readdir(folder)
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
})
afterAll(() => rm(folder, { recursive: true }))

function installed(...args: string[]): Promise<{ stdout: string }> {
  // What `.bin/curfew` leads to, run by the Node that the package asks for.
  return run(process.execPath, [join(folder, 'node_modules', '@curfew', 'cli', 'dist', 'curfew.js'), ...args])
}

describe('the installed package', () => {
  it('brings one program that needs nothing else', async () => {
    expect(await readdir(join(folder, 'node_modules'))).toEqual(['.bin', '.package-lock.json', '@curfew'])
    expect(await readdir(join(folder, 'node_modules', '.bin'))).toEqual(['curfew'])
    const manifest = await readFile(join(folder, 'node_modules', '@curfew', 'cli', 'package.json'), 'utf8')
    expect(JSON.parse(manifest)).toMatchObject({ bin: { curfew: './dist/curfew.js' } })
    expect(JSON.parse(manifest)).not.toHaveProperty('dependencies')
    expect((await installed('--version')).stdout).toBe(`${packageJson.version}\n`)
  })

  it('completes what is being typed', async () => {
    expect((await installed('complete', '--', 're')).stdout).toMatch(/^revoke\t/m)
    expect((await installed('complete', '--', 'revoke', '--t')).stdout).toMatch(/^--tenant\t/m)
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout } = await installed('completion', shell)
      expect(stdout).toContain('curfew')
    }
    const { stdout: script } = await installed('completion', 'bash')
    // Without its start files, which bash reads where standard input is a socket, and without the caller's locale.
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' }
    const checked = await run('bash', ['--norc', '-n', '-c', script], { env })
    expect(checked.stderr).toBe('')
  })
})
