/**
 * The example of the README, run as a reader would run it.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

it('mints a claim, accepts it, and refuses it when it is spoilt', async () => {
  const readme = await readFile(`${PACKAGE}/README.md`, 'utf8')
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? []
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module-typescript', '--eval', example],
    { cwd: PACKAGE },
  )
  expect(stdout).toContain("op: 'download'")
  expect(stdout).toContain("{ kind: 'invalid', reason: 'malformed' }")
})
