/**
 * A history as a person can read it: what contradicts which promise, and the faults and changes around it.
 */
import type { Violation } from './evidence.ts'
import type { Entry, Fault } from './history.ts'

const SHOWN = 5

export function excerptOf(entries: readonly Entry[], violations: readonly Violation[]): string {
  const beganMs = Math.min(...entries.map(startOf))
  const line = (entry: Entry): string => `    ${describe(entry, beganMs)}`
  const byRule = Map.groupBy(violations, ({ rule }) => rule)
  const broken = [...byRule].flatMap(([rule, found]) => [
    `  ${rule} (${found.length}×)`,
    ...found.slice(0, SHOWN).flatMap(({ evidence }) => [...evidence.map(line), '']),
  ])
  const faults = entries.filter((entry): entry is Fault => entry.kind === 'fault')
  return [...broken, '  faults', ...faults.map(line)].join('\n')
}

function startOf(entry: Entry): number {
  return entry.kind === 'tick' ? entry.atMs : entry.startMs
}

function describe(entry: Entry, beganMs: number): string {
  const at = (ms: number): string => (ms - beganMs).toFixed(1)
  const time =
    entry.kind === 'tick' || entry.kind === 'change'
      ? at(startOf(entry))
      : `${at(entry.startMs)}–${at(entry.endMs)}`
  const { kind, ...rest } = entry
  const shown = Object.entries(rest).filter(([name]) => !['startMs', 'endMs', 'atMs'].includes(name))
  return `${time.padEnd(20)} ${kind} ${shown.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')}`
}
