import { glob, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

import { expect, it } from 'vitest'

const DOMAIN = 'services/session/src/domain'
/** A folder imports only from itself and from the folders before it; `audit` and `epoch` stand beside the others, imported by none of them. */
const ORDER = ['log', 'sessions', 'operators', 'revocations']

it('the domain of the session service depends in one direction: log, sessions, operators, revocations', async () => {
  const against: string[] = []
  const folders = new Set<string>()
  for await (const file of glob(`${DOMAIN}/*/*.ts`)) {
    if (/\.(test|fixture)\.ts$/.test(file)) continue
    const folder = folderOf(file)
    folders.add(folder)
    const rank = ORDER.indexOf(folder)
    const source = await readFile(file, 'utf8')
    for (const [, path = ''] of source.matchAll(/ from '(\.[^']+)'/g)) {
      const target = folderOf(join(dirname(file), path))
      const isEarlier = ORDER.includes(target) && (rank === -1 || ORDER.indexOf(target) <= rank)
      if (target !== folder && !isEarlier) against.push(`${file} imports ${path}`)
    }
  }
  expect([...folders].toSorted()).toEqual([...ORDER, 'audit', 'epoch'].toSorted())
  expect(against).toEqual([])
})

function folderOf(file: string): string {
  return relative(DOMAIN, file).split(sep)[0] ?? ''
}
