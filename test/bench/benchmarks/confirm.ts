/** ④ ⑤ ② How long an operator waits until a revocation is confirmed by every verifier. */
import { setTimeout as pause } from 'node:timers/promises'

import {
  figureOf,
  type Benchmark,
  type Goal,
  type Outcome,
  type Progress,
  type Row,
  type Size,
} from '../benchmark.ts'
import { startChild, type ChildProcess } from '../child.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf, sessionIdOf } from '../population.ts'
import { percentile } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands } from '../verifiers.child.ts'

const SIZES = {
  full: { steps: [1, 5, 25, 100], revocations: 160, rounds: 4 },
  quick: { steps: [1, 5, 100], revocations: 20, rounds: 2 },
  tiny: { steps: [1, 2], revocations: 4, rounds: 1 },
}

const CHECKS_PER_SECOND = 1_000
/** Between two revocations, where they do not follow each other. */
const PAUSE_MS = 30
const AT_ONCE = 16
const PROCESSES = 2

type Verifiers = ChildProcess<typeof commands>

/** How revocations come. */
interface Way {
  readonly label: string
  readonly pauseMs: number
  readonly atOnce: number
  readonly isLoaded: boolean
}

const WAYS: readonly Way[] = [
  { label: 'one at a time', pauseMs: PAUSE_MS, atOnce: 1, isLoaded: false },
  { label: 'the same under load', pauseMs: PAUSE_MS, atOnce: 1, isLoaded: true },
  { label: 'one right after the other', pauseMs: 0, atOnce: 1, isLoaded: false },
  { label: `${AT_ONCE} at once`, pauseMs: 0, atOnce: AT_ONCE, isLoaded: false },
]

export const confirm: Benchmark = { name: 'confirm', seconds: { full: 60, quick: 9 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { steps, revocations, rounds } = SIZES[size]
  const population = populationOf(steps.length * WAYS.length * revocations)
  await using system = await startSystem(population)
  await using stack = new AsyncDisposableStack()
  const processes = Array.from({ length: PROCESSES }, () =>
    stack.use(startChild<typeof commands>('verifiers.child.ts')),
  )
  const rows: Row[] = []
  let [opened, revoked] = [0, 0]
  for (const verifiers of steps) {
    report(`${verifiers} verifiers`)
    for (; opened < verifiers; opened += 1)
      await processes[opened % PROCESSES]?.call('open', {
        url: system.servers.natsUrl('documents'),
        verifiers: 1,
      })
    const sessions = WAYS.length * revocations
    await Promise.all(processes.map((process) => process.call('remember', { from: revoked, sessions })))
    const series = WAYS.map((way) => ({ way, tookMs: [] as number[], toldMs: [] as number[] }))
    await interleaved(series, rounds, async ({ way, tookMs, toldMs }, round) => {
      const count = Math.ceil((revocations * (round + 1)) / rounds) - tookMs.length
      if (way.isLoaded) await loadAll(processes, population.sessions)
      await revokeMany(system, { way, from: revoked, count }, ({ told, tookMs: took }) => {
        if (told.confirmed_by !== 'acknowledgement') throw new Error(`not confirmed: ${JSON.stringify(told)}`)
        tookMs.push(took)
        toldMs.push(told.elapsed_ms)
      })
      revoked += count
      await Promise.all(processes.map((process) => process.call('stopLoad')))
    })
    for (const { way, tookMs, toldMs } of series)
      rows.push({
        label: `${counted(verifiers)}, ${way.label}`,
        figures: {
          median: percentile(tookMs, 0.5),
          p99: percentile(tookMs, 0.99),
          toldMedian: percentile(toldMs, 0.5),
          toldP99: percentile(toldMs, 0.99),
        },
        samples: tookMs,
      })
  }
  return outcomeOf(rows, { steps, revocations })
}

function counted(verifiers: number): string {
  return verifiers === 1 ? 'one verifier' : `${verifiers} verifiers`
}

async function loadAll(processes: readonly Verifiers[], sessions: number): Promise<void> {
  const load = { checksPerSecond: CHECKS_PER_SECOND / PROCESSES, sessions }
  await Promise.all(processes.map((process) => process.call('startLoad', load)))
}

type Answer = Awaited<ReturnType<System['revoke']>>

async function revokeMany(
  system: System,
  { way, from, count }: { way: Way; from: number; count: number },
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < from + count) {
      const session = sessionIdOf(next)
      next += 1
      onAnswer(await system.revoke({ type: 'session', session }))
      if (way.pauseMs > 0) await pause(way.pauseMs)
    }
  }
  await Promise.all(Array.from({ length: way.atOnce }, worker))
}

function outcomeOf(
  rows: readonly Row[],
  { steps, revocations }: { steps: readonly number[]; revocations: number },
): Outcome {
  const most = Math.max(...steps)
  const goal = (label: string, key: 'median' | 'p99', atMost: number): Goal => ({
    text: `${label}: ${key}, milliseconds`,
    measured: figureOf(rows, label, key),
    atMost,
    digits: 1,
  })
  const [, few = most] = steps
  return {
    title: 'Revoke to confirmed',
    method:
      `Milliseconds of ${revocations} calls of \`POST /v1/revocations\` for one session each, as the caller sees them and as ` +
      `the answer says (whole milliseconds). Every verifier has its own connection and memory; they share ${PROCESSES} ` +
      `processes. The load is ${CHECKS_PER_SECOND} checks a second, most of which ask the session service at first. ` +
      `All were confirmed by acknowledgement.`,
    columns: [
      { key: 'median', title: 'median ms', digits: 1 },
      { key: 'p99', title: 'p99 ms', digits: 1 },
      { key: 'toldMedian', title: 'told, median', digits: 0 },
      { key: 'toldP99', title: 'told, p99', digits: 0 },
    ],
    rows,
    goals: [
      goal(`${few} verifiers, one at a time`, 'median', 5),
      goal(`${few} verifiers, one at a time`, 'p99', 25),
      goal(`${most} verifiers, one at a time`, 'p99', 100),
    ],
    plot: { key: 'p99', title: 'Revoke to confirmed, p99, milliseconds', scale: 'linear' },
  }
}
