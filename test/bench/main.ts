/**
 * `pnpm bench [name…] [--quick] [--list]`
 * Prints what it measures; a full run also keeps the raw figures in results/ and renews the tables in docs/benchmarks.md.
 */
import { parseArgs } from 'node:util'

import type { Size } from './benchmark.ts'
import { BENCHMARKS } from './benchmarks.ts'
import { describeMachine } from './machine.ts'
import { renderList, renderOutcome } from './report.ts'
import { keepResult, renewDocument } from './results.ts'

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
  })
  if (values.list) return print(renderList(BENCHMARKS))
  const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name))
  if (unknown.length > 0) throw new RangeError(`no benchmark is called ${unknown.join(', ')}; see --list`)
  const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  await runAll(chosen, values.quick ? 'quick' : 'full')
}

async function runAll(chosen: typeof BENCHMARKS, size: Size): Promise<void> {
  const machine = await describeMachine()
  const { cpu, cores, loadAtStart } = machine
  print(`${cpu}, ${cores} cores, load ${loadAtStart}`)
  const failed: string[] = []
  for (const { name, run } of chosen) {
    const measuredAt = new Date().toISOString()
    const startedAtMs = performance.now()
    try {
      const outcome = await run(size, (line) => print(`${name}: ${line}`))
      print(`\n${renderOutcome(outcome)}`)
      await keepResult(name, { size, measuredAt, machine, outcome })
    } catch (error) {
      // The others are worth having nevertheless; the document keeps what this one found last.
      failed.push(name)
      print(`\n${name} failed: ${error instanceof Error ? error.stack : String(error)}`)
    }
    print(`${name}: ${Math.round((performance.now() - startedAtMs) / 1_000)} s\n`)
  }
  if (size === 'full') await renewDocument(BENCHMARKS.map(({ name }) => name))
  if (failed.length > 0) throw new Error(`failed: ${failed.join(', ')}`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

await main()
