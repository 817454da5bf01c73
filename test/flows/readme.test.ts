/**
 * The README's tour in `curl`, run in a shell exactly as it is printed: what it shows is what happens.
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

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
      const { stdout, stderr } = await promisify(execFile)('bash', ['-eu', '-o', 'pipefail', '-c', tour], {
        cwd,
      })
      expect(stderr).toBe('')
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
