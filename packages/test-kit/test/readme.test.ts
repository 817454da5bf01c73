/**
 * The examples of README.md are tests of this folder, so they run.
 */
import { readFile } from 'node:fs/promises'

import { expect, test } from 'vitest'

test.each(['readme-servers.test.ts', 'readme-system.test.ts'])(
  'the README shows %s as it is',
  async (file) => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
    const source = await readFile(new URL(file, import.meta.url), 'utf8')
    const code = source.slice(source.indexOf('*/') + 3)
    expect(readme).toContain(`\`\`\`ts\n${code}\`\`\``)
  },
)
