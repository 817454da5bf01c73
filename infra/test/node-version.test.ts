/** .nvmrc, for those who start Node by hand, names the Node that everything else runs with. */
import { readFile } from 'node:fs/promises'

import { expect, it } from 'vitest'

const read = (file: string): Promise<string> => readFile(new URL(`../../${file}`, import.meta.url), 'utf8')

it('is the Node of pnpm-workspace.yaml, where the tests and the services get theirs', async () => {
  const [workspace, nvmrc] = [await read('pnpm-workspace.yaml'), (await read('.nvmrc')).trim()]
  expect(workspace).toContain(`\nnodeVersion: ${nvmrc}\n`)
  expect(workspace).toContain(`\n  node: ${nvmrc}\n`)
})
