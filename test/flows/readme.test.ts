/**
 * The README's tour in `curl`, run in a shell exactly as it is printed: what it shows is what happens.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { startTestSystem } from '@curfew/test-kit'
import { expect, it } from 'vitest'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))

const hasCurl = spawnSync('curl', ['--version']).status === 0

it.skipIf(!hasCurl)(
  'the tour stores, fetches once, refuses the second time, and ends Alice’s sessions',
  async () => {
    await using system = await startTestSystem()
    const { gateway, session, documents, files } = system.services
    const cwd = await mkdtemp(join(tmpdir(), 'curfew-readme-'))
    try {
      await mkdir(join(cwd, '.data'))
      const dev = {
        gateway: gateway.url,
        session: session.url,
        documents: documents.url,
        files: files.url,
        accounts: system.accounts,
      }
      await writeFile(join(cwd, '.data', 'dev.json'), JSON.stringify(dev))
      const [, tour] = /<!-- tour -->\s+```sh\n(.*?)```/s.exec(await readFile(README, 'utf8')) ?? []
      if (tour === undefined) throw new Error('the README has no tour')
      const { code, stdout, stderr } = await runTour(tour, cwd)
      expect([code, stderr]).toEqual([0, ''])
      const [fetched, secondFetch = '', revoked = '', afterwards = ''] = stdout.trim().split('\n').slice(-4)
      expect(fetched?.endsWith('Hello, file service!')).toBe(true)
      expect(JSON.parse(secondFetch)).toMatchObject({ status: 409, code: 'claim-spent' })
      expect(JSON.parse(revoked)).toMatchObject({
        revocation: { scope: { user: 'alice' }, reason: 'laptop stolen' },
      })
      expect(JSON.parse(afterwards)).toMatchObject({ status: 401, code: 'unauthenticated' })
    } finally {
      await rm(cwd, { recursive: true })
    }
  },
)

/**
 * With nothing of the caller's shell: a socket as standard input makes bash read its start files, BASH_ENV names another
 * one, and curl reads settings from the home directory and proxies from the environment.
 */
async function runTour(
  tour: string,
  cwd: string,
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], HOME: cwd, LC_ALL: 'C' }
  const child = spawn('bash', ['-eu', '-o', 'pipefail', '-c', tour], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, stdout, stderr }
}
