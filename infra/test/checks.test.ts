import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, it } from 'vitest'

import { CHECKS } from './checks.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

it('checks the types of every TypeScript project of the repository', () => {
  const projects = globSync('**/tsconfig.json', {
    cwd: ROOT,
    exclude: ['**/node_modules', '.cache', '.data'],
  })
  const wanted = projects.map((path) => {
    const folder = path.replace(/\/?tsconfig\.json$/, '')
    return folder === '' ? 'tsc --noEmit' : `tsc --noEmit --project ${folder}`
  })
  expect(CHECKS.find(({ name }) => name === 'types')?.commands.toSorted()).toEqual(wanted.toSorted())
})
