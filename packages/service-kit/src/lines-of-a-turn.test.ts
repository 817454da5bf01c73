import { setImmediate as nextTurn } from 'node:timers/promises'

import { expect, it } from 'vitest'

import { LinesOfATurn } from './lines-of-a-turn.ts'

function capture(): { lines: LinesOfATurn; writes: string[] } {
  const writes: string[] = []
  return { lines: new LinesOfATurn({ write: (text) => void writes.push(text) }), writes }
}

it('lines of one turn leave together and in order, before anything of the next', async () => {
  const { lines, writes } = capture()
  lines.write('1\n')
  await Promise.resolve()
  lines.write('2\n')
  expect(writes).toEqual([])
  await nextTurn()
  expect(writes).toEqual(['1\n2\n'])
  lines.write('3\n')
  await nextTurn()
  expect(writes).toEqual(['1\n2\n', '3\n'])
})

it('a turn that writes without end does not fill memory', () => {
  const { lines, writes } = capture()
  for (let nth = 0; nth < 1_000; nth += 1) lines.write(`${'x'.repeat(1_000)}\n`)
  expect(writes.length).toBeGreaterThan(10)
})

it('what the process says last is written, though no turn follows', () => {
  const { lines, writes } = capture()
  lines.write('the end\n')
  lines.flushSync()
  lines.flushSync()
  expect(writes).toEqual(['the end\n'])
})
