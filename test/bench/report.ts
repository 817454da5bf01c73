/** Results as Markdown. */
import { isMet, type Benchmark, type Goal, type Outcome } from './benchmark.ts'
import type { Machine } from './machine.ts'

export function renderOutcome({ title, method, columns, rows, goals }: Outcome): string {
  const header = ['', ...columns.map((column) => column.title)]
  const body = rows.map(({ label, figures }) => [
    label,
    ...columns.map(({ key, digits }) => written(figures[key], digits)),
  ])
  const alignment = ['---', ...columns.map(() => '---:')]
  const table = [header, alignment, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  const parts = [`### ${title}`, method, table, goals.map(renderGoal).join('\n')]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function renderGoal(goal: Goal): string {
  const { text, digits, measured, atMost, atLeast } = goal
  const wanted = [
    ...(atMost === undefined ? [] : [`at most ${written(atMost, digits)}`]),
    ...(atLeast === undefined ? [] : [`at least ${written(atLeast, digits)}`]),
  ].join(', ')
  return `- ${text}: **${written(measured, digits)}** (goal: ${wanted}; ${isMet(goal) ? 'met' : 'missed'})`
}

/** @returns one line for each benchmark: its name and how long it takes */
export function renderList(benchmarks: readonly Benchmark[]): string {
  const total = (size: 'full' | 'quick'): number =>
    benchmarks.reduce((sum, { seconds }) => sum + seconds[size], 0)
  const lines = [
    ...benchmarks.map(({ name, seconds: { full, quick } }) => [name, full, quick] as const),
    ['all', total('full'), total('quick')] as const,
  ]
  return lines
    .map(([name, full, quick]) => `${name.padEnd(12)}about ${full} s, with --quick ${quick} s`)
    .join('\n')
}

export function renderMachine(machine: Machine, measuredAt: string): string {
  const { cpu, cores, memoryGb, system, node, nats, redis, loadAtStart } = machine
  return (
    `Measured ${measuredAt.slice(0, 10)} on ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}; Node ${node}, ` +
    `NATS ${nats}, Redis ${redis}; load average at the start ${loadAtStart}.`
  )
}

/** Thin spaces between thousands would break copying; commas do not. */
function written(value: number | undefined, digits: number): string {
  if (value === undefined) return ''
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
