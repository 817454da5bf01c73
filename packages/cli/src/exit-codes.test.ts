import { readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import { EXIT } from './exit-codes.ts'

it('every exit code stands in the README, and no other', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, section = ''] = /## Exit codes\n([\s\S]*?)\n## /.exec(readme) ?? []
  const documented = [...section.matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code))
  expect(documented).toEqual(Object.values(EXIT).toSorted((a, b) => a - b))
})
