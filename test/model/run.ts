/**
 * ⑤ `node test/model/run.ts [--deep] [NAME ...]`: searches everything, or the variants named, and prints a table.
 * Promise: exits with 0 only if every world held in a complete search and every mutant was caught.
 */
import { parseArgs } from 'node:util'
import { checkAll } from './check-all.ts'
import { missingTool, type Finding } from './spin.ts'
import { deepWorlds, variants as everything } from './variants.ts'

const missing = await missingTool()
if (missing !== undefined) {
  console.error(`${missing} is not installed (Debian: apt-get install spin gcc)`)
  process.exit(2)
}

const { values, positionals: named } = parseArgs({
  options: { deep: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const variants = values.deep ? deepWorlds : everything
const unknown = named.filter((name) => !variants.some((variant) => variant.name === name))
if (unknown.length > 0) {
  console.error(`no such variant: ${unknown.join(', ')}`)
  process.exit(2)
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())

const chosen = variants.filter(({ name }) => named.length === 0 || named.includes(name))
const startedAt = performance.now()
const findings = await checkAll(chosen, stop.signal).catch((cause: unknown) => {
  if (!stop.signal.aborted) throw cause
  console.error('stopped')
  process.exit(130)
})

console.log(row(['variant', 'expected', 'found', 'states', 'seconds']))
for (const finding of findings) console.log(row(cells(finding)))

const surprises = findings.filter(({ variant, found }) => found !== variant.expected)
for (const { variant, output } of surprises) console.error(`\n${variant.name}: ${variant.says}\n${output}`)

const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
console.log(`\n${findings.length} variants, ${surprises.length} surprises, ${seconds} s`)
process.exitCode = surprises.length === 0 ? 0 : 1

function cells({ variant, found, states, seconds: took }: Finding): string[] {
  return [variant.name, variant.expected, found, String(states), took.toFixed(1)]
}

function row(columns: string[]): string {
  return columns
    .map((text, index) => (index < 3 ? text.padEnd(index === 0 ? 29 : 11) : text.padStart(10)))
    .join('')
}
