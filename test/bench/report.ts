/** Results as Markdown. */
import { isMet, type Goal, type Outcome } from './benchmark.ts'
import type { Machine } from './machine.ts'

export function renderOutcome({ title, method, columns, rows, goals }: Outcome): string {
  const header = ['', ...columns.map((column) => column.title)]
  const body = rows.map(({ label, figures }) => [
    label,
    ...columns.map(({ key, digits }) => written(figures[key], digits)),
  ])
  const alignment = ['---', ...columns.map(() => '---:')]
  const table = [header, alignment, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  return `### ${title}\n\n${method}\n\n${table}\n\n${goals.map(renderGoal).join('\n')}\n`
}

function renderGoal(goal: Goal): string {
  const { text, digits, measured, atMost, atLeast } = goal
  const wanted = [
    ...(atMost === undefined ? [] : [`at most ${written(atMost, digits)}`]),
    ...(atLeast === undefined ? [] : [`at least ${written(atLeast, digits)}`]),
  ].join(', ')
  return `- ${text}: **${written(measured, digits)}** (goal: ${wanted}; ${isMet(goal) ? 'met' : 'missed'})`
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
