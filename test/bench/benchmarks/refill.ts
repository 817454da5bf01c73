/** ② ④ How fast empty memories fill: of a service that has just started, and of all services at once. */
import type { Benchmark, Outcome, Progress, Row, Size } from '../benchmark.ts'
import { startChild, type ChildProcess } from '../child.ts'
import { cpuUsOfAll } from '../cpu-time.ts'
import { populationOf, revive } from '../population.ts'
import { median, percentile } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands } from '../verifiers.child.ts'

const SIZES = {
  full: { sessions: 30_000, rounds: 3 },
  quick: { sessions: 5_000, rounds: 1 },
  tiny: { sessions: 300, rounds: 1 },
}

/** As many services, each a process, all of which are asked about every session. */
const SERVICES = 4

type Service = ChildProcess<typeof commands>

interface Filled {
  readonly seconds: number
  readonly slowestMs: number
  readonly serviceUs: number | undefined
}

const COLD = 'one service starts'
const ALL = `${SERVICES} services start at once`
const GLOBAL = `${SERVICES} services, everyone was revoked and is back`

export const refill: Benchmark = { name: 'refill', seconds: { full: 40, quick: 6 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { sessions, rounds } = SIZES[size]
  // The first half is revoked before the second is asked about.
  const population = populationOf(2 * sessions)
  await using system = await startSystem(population)
  const found: Record<string, Filled[]> = { [COLD]: [], [ALL]: [], [GLOBAL]: [] }
  for (let round = 0; round < rounds; round += 1) {
    report(`round ${round + 1} of ${rounds}`)
    await using stack = new AsyncDisposableStack()
    const services = Array.from({ length: SERVICES }, () =>
      stack.use(startChild<typeof commands>('verifiers.child.ts')),
    )
    const url = system.servers.natsUrl('documents')
    await Promise.all(services.map((one) => one.call('open', { url, verifiers: 1 })))
    found[COLD]?.push(await fillAll(system, services.slice(0, 1), { from: 0, sessions }))
    await Promise.all(services.slice(0, 1).map((one) => one.call('restart', { url })))
    found[ALL]?.push(await fillAll(system, services, { from: 0, sessions }))
    await system.revoke({ type: 'global' })
    // As if everybody had signed in again. Services never forget that a session was revoked: they are asked about others.
    await revive(system.redis, population, await system.birth())
    found[GLOBAL]?.push(await fillAll(system, services, { from: sessions, sessions }))
  }
  return outcomeOf(found, { sessions, rounds })
}

/** Every check gets its verdict, and all are of live sessions: `remember` throws otherwise. */
async function fillAll(
  { replicas, servers }: System,
  services: readonly Service[],
  range: { readonly from: number; readonly sessions: number },
): Promise<Filled> {
  const asked = [...replicas, servers.redis]
  const before = cpuUsOfAll(asked)
  const startedAtMs = performance.now()
  const slowest = await Promise.all(services.map((one) => one.call('remember', range)))
  const seconds = (performance.now() - startedAtMs) / 1_000
  const after = cpuUsOfAll(asked)
  return {
    seconds,
    slowestMs: Math.max(...slowest),
    serviceUs:
      before === undefined || after === undefined
        ? undefined
        : (after - before) / (range.sessions * services.length),
  }
}

function outcomeOf(
  found: Readonly<Record<string, readonly Filled[]>>,
  { sessions, rounds }: { readonly sessions: number; readonly rounds: number },
): Outcome {
  const rows = Object.entries(found).map(([label, filled]): Row => {
    const seconds = median(filled.map((one) => one.seconds))
    const services = label === COLD ? 1 : SERVICES
    const cpu = filled.flatMap(({ serviceUs }) => serviceUs ?? [])
    return {
      label,
      figures: {
        perSecond: (sessions * services) / seconds,
        seconds,
        slowest: percentile(
          filled.map(({ slowestMs }) => slowestMs),
          1,
        ),
        ...(cpu.length > 0 && { cpu: median(cpu) }),
      },
      samples: filled.map((one) => one.seconds),
    }
  })
  return {
    title: 'Empty memories',
    method:
      `Every service is asked about ${sessions} sessions, 256 at a time, whose answers can share a request; it remembers none ` +
      `of them. Medians of ${rounds} rounds. Every check was answered, and with the truth; slowest: of all checks. After ` +
      `everyone was revoked, as many other sessions are asked about by services that are full of dead ones.`,
    columns: [
      { key: 'perSecond', title: 'sessions a second', digits: 0 },
      { key: 'seconds', title: 'seconds for all', digits: 2 },
      { key: 'slowest', title: 'slowest check, ms', digits: 0 },
      { key: 'cpu', title: 'CPU µs a session, service and Redis', digits: 1 },
    ],
    rows,
    goals: [],
  }
}
