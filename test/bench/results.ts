/**
 * The newest result of each benchmark, as JSON, and the document that is made from them.
 * Promise: the document holds no figure that is not in a result; its prose is left as it is.
 */
import { readFile, writeFile, mkdir } from 'node:fs/promises'

import type { Outcome, Size } from './benchmark.ts'
import type { Machine } from './machine.ts'
import { drawPlot } from './plot.ts'
import { renderMachine, renderOutcome } from './report.ts'

export interface Result {
  readonly size: Size
  readonly measuredAt: string
  readonly machine: Machine
  readonly outcome: Outcome
}

export interface NamedResult extends Result {
  readonly name: string
}

const RESULTS = new URL('results/', import.meta.url)
const PICTURES = new URL('../../docs/benchmarks/', import.meta.url)
const DOCUMENT = new URL('../../docs/benchmarks.md', import.meta.url)
const BEGIN = '<!-- figures: begin -->'
const END = '<!-- figures: end -->'

/** What a quick run finds is kept apart and not committed. */
export async function keepResult(name: string, result: Result): Promise<void> {
  const directory = result.size === 'full' ? RESULTS : new URL('quick/', RESULTS)
  await mkdir(directory, { recursive: true })
  await writeFile(new URL(`${name}.json`, directory), `${JSON.stringify(result, rounded)}\n`)
}

/** Six figures are more than any of them is worth. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
}

/** Tables and pictures of the newest result of each. */
export async function renewDocument(names: readonly string[]): Promise<void> {
  const results: NamedResult[] = []
  for (const name of names) {
    const text = await readFile(new URL(`${name}.json`, RESULTS), 'utf8').catch(() => undefined)
    if (text !== undefined) results.push({ name, ...(JSON.parse(text) as Result) })
  }
  await mkdir(PICTURES, { recursive: true })
  for (const { name, outcome } of results)
    if (outcome.plot !== undefined)
      await writeFile(new URL(`${name}.svg`, PICTURES), await drawPlot(outcome, outcome.plot))
  await writeFile(DOCUMENT, withFigures(await readFile(DOCUMENT, 'utf8'), results))
}

/** @throws Error for a document without its two markers */
export function withFigures(document: string, results: readonly NamedResult[]): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)]
  if (begin === -1 || end < begin) throw new Error(`the document needs ${BEGIN} and ${END}`)
  const sections = results.map(({ name, outcome, machine, measuredAt }) => {
    const { plot } = outcome
    const picture = plot === undefined ? '' : `\n![${plot.title}](benchmarks/${name}.svg)\n`
    return `${renderOutcome(outcome)}${picture}\n${renderMachine(machine, measuredAt)}\n`
  })
  return `${document.slice(0, begin)}${BEGIN}\n\n${sections.join('\n')}\n${document.slice(end)}`
}
