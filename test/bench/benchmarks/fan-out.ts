/** ④ ⑤ ② A thousand verifiers that all acknowledge: what a confirmation waits for, and what it costs everybody. */
import { setTimeout as pause } from 'node:timers/promises'

import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startChild, type ChildProcess } from '../child.ts'
import { cpuUsOfAll } from '../cpu-time.ts'
import { populationOf, sessionIdOf } from '../population.ts'
import { percentile } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands } from '../members.child.ts'

const SIZES = {
  full: { steps: [100, 1_000], revocations: 200, restMs: 5_000 },
  quick: { steps: [100, 400], revocations: 30, restMs: 1_000 },
  tiny: { steps: [5, 20], revocations: 4, restMs: 200 },
}

const PROCESSES = 4
const PAUSE_MS = 30

type Verifiers = ChildProcess<typeof commands>

/** Since the beginning: milliseconds of CPU, and messages of the verifiers. */
interface Spent {
  readonly atMs: number
  readonly serviceMs: number
  readonly brokerMs: number
  readonly verifiersMs: number
  readonly received: number
  readonly sent: number
}

export const fanOut: Benchmark = { name: 'fan-out', seconds: { full: 30, quick: 10 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { steps, revocations, restMs } = SIZES[size]
  await using system = await startSystem(populationOf(steps.length * revocations))
  await using stack = new AsyncDisposableStack()
  const processes = Array.from({ length: PROCESSES }, () =>
    stack.use(startChild<typeof commands>('members.child.ts')),
  )
  const rows: Row[] = []
  let [opened, revoked] = [0, 0]
  for (const verifiers of steps) {
    report(`opening ${verifiers} verifiers`)
    const share = (verifiers - opened) / PROCESSES
    const url = system.servers.natsUrl('documents')
    await Promise.all(processes.map((one) => one.call('open', { url, members: share })))
    opened = verifiers
    report('at rest')
    const before = await spent(system, processes)
    await pause(restMs)
    const rest = difference(before, await spent(system, processes))
    rows.push({ label: `${counted(verifiers)}, at rest`, figures: figuresOf(rest) })
    report('revoking')
    rows.push(await revoking(system, processes, { verifiers, revocations, from: revoked }))
    revoked += revocations
  }
  return outcomeOf(rows, { most: Math.max(...steps), revocations })
}

function counted(verifiers: number): string {
  return `${verifiers.toLocaleString('en-US')} verifiers`
}

function revokingLabel(verifiers: number): string {
  return `${counted(verifiers)}, revoking`
}

/** Not a number where the system does not say. */
function msOf(programs: Parameters<typeof cpuUsOfAll>[0]): number {
  return (cpuUsOfAll(programs) ?? Number.NaN) / 1_000
}

async function spent({ servers, replicas }: System, processes: readonly Verifiers[]): Promise<Spent> {
  const verifiers = await Promise.all(
    processes.map(async (one) => ({ ...(await one.call('messages')), cpuUs: await one.cpuUs() })),
  )
  const sum = (key: 'received' | 'sent' | 'cpuUs'): number =>
    verifiers.reduce((total, one) => total + one[key], 0)
  return {
    atMs: performance.now(),
    serviceMs: msOf(replicas),
    brokerMs: msOf([servers.nats]),
    verifiersMs: sum('cpuUs') / 1_000,
    received: sum('received'),
    sent: sum('sent'),
  }
}

function difference(before: Spent, after: Spent): Spent {
  const of = (key: keyof Spent): number => after[key] - before[key]
  return {
    atMs: of('atMs'),
    serviceMs: of('serviceMs'),
    brokerMs: of('brokerMs'),
    verifiersMs: of('verifiersMs'),
    received: of('received'),
    sent: of('sent'),
  }
}

const FIGURES = ['serviceMs', 'brokerMs', 'verifiersMs', 'received', 'sent'] as const

/** A second; what a system without /proc does not say is left out. */
function figuresOf(within: Spent): Record<string, number> {
  return Object.fromEntries(
    FIGURES.map((key) => [key, (within[key] / within.atMs) * 1_000] as const).filter(([, value]) =>
      Number.isFinite(value),
    ),
  )
}

async function revoking(
  system: System,
  processes: readonly Verifiers[],
  options: { verifiers: number; revocations: number; from: number },
): Promise<Row> {
  const { verifiers, revocations, from } = options
  const tookMs: number[] = []
  const before = await spent(system, processes)
  for (let nth = 0; nth < revocations; nth += 1) {
    const { told, tookMs: took } = await system.revoke({ type: 'session', session: sessionIdOf(from + nth) })
    const acknowledged = told.confirmed_by === 'acknowledgement' && told.verifiers?.lapsed === 0
    if (!acknowledged) throw new Error(`not confirmed by everybody: ${JSON.stringify(told)}`)
    tookMs.push(took)
    await pause(PAUSE_MS)
  }
  const all = difference(before, await spent(system, processes))
  return {
    label: revokingLabel(verifiers),
    figures: {
      median: percentile(tookMs, 0.5),
      p99: percentile(tookMs, 0.99),
      revocations: (revocations / all.atMs) * 1_000,
      ...figuresOf(all),
    },
    samples: tookMs,
  }
}

function outcomeOf(
  rows: readonly Row[],
  { most, revocations }: { readonly most: number; readonly revocations: number },
): Outcome {
  const largest = revokingLabel(most)
  return {
    title: 'A thousand verifiers',
    method:
      `Simulated verifiers in ${PROCESSES} processes: each joins, renews its lease and acknowledges as whole ones do, but remembers ` +
      `no session, and 25 of them share a connection, over which each entry comes once. Milliseconds of ${revocations} calls of ` +
      `\`POST /v1/revocations\`, one at a time, each of which all of them acknowledge. Messages and CPU are ` +
      `those of a second; at rest, they are those of the renewal of leases.`,
    columns: [
      { key: 'median', title: 'median ms', digits: 1 },
      { key: 'p99', title: 'p99 ms', digits: 1 },
      { key: 'revocations', title: 'revocations/s', digits: 1 },
      { key: 'received', title: 'messages/s to verifiers', digits: 0 },
      { key: 'sent', title: 'messages/s from them', digits: 0 },
      { key: 'serviceMs', title: 'CPU ms/s, service', digits: 1 },
      { key: 'brokerMs', title: 'CPU ms/s, NATS', digits: 1 },
      { key: 'verifiersMs', title: 'CPU ms/s, verifiers', digits: 1 },
    ],
    rows,
    goals: [
      {
        text: `${counted(most)}: confirmed, p99, milliseconds`,
        measured: figureOf(rows, largest, 'p99'),
        atMost: 250,
        digits: 1,
      },
    ],
    plot: { key: 'p99', title: 'Confirmed, p99, milliseconds', scale: 'linear' },
  }
}
