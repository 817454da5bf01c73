/** ① What the check costs at the gateway: a proxied GET with it, without it, and through a proxy that knows no sessions. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startChild, type ChildProcess } from '../child.ts'
import { closedLoop, type Throughput } from '../closed-loop.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf, sessionTokenOf } from '../population.ts'
import type { commands as proxies } from '../proxies.child.ts'
import { median } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands as upstreams } from '../upstream.child.ts'

const SIZES = {
  full: { rounds: 10, seconds: 2, warmUp: 2 },
  quick: { rounds: 3, seconds: 1, warmUp: 1 },
  tiny: { rounds: 1, seconds: 1, warmUp: 0 },
}

const CONNECTIONS = 32
const SESSIONS = 1_000
const PATH = '/api/documents/list'
const TOKENS = Array.from({ length: SESSIONS }, (_, index) => sessionTokenOf(index))

const GUARDED = 'the gateway'
const UNGUARDED = 'its proxy without the check'
const PEER = '@fastify/http-proxy'

interface Contender {
  readonly label: string
  readonly process: ChildProcess<typeof proxies>
  readonly url: string
  readonly rounds: { perSecond: number; cpuUs: number; p50Ms: number; p99Ms: number }[]
}

export const gateway: Benchmark = { name: 'gateway', run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { rounds, seconds, warmUp } = SIZES[size]
  await using system = await startSystem(populationOf(SESSIONS))
  await using stack = new AsyncDisposableStack()
  const upstream = await stack.use(startChild<typeof upstreams>('upstream.child.ts')).call('start')
  const contenders = await startContenders(system, upstream, stack)
  report('warming up')
  if (warmUp > 0) for (const { url } of contenders) await hammer(url, warmUp)
  report('measuring')
  await interleaved(contenders, rounds, async ({ process, url, rounds: measured }) => {
    const before = await process.call('cpu')
    const { requests, perSecond, p50Ms, p99Ms } = await hammer(url, seconds)
    const cpuUs = ((await process.call('cpu')) - before) / requests
    measured.push({ perSecond, cpuUs, p50Ms, p99Ms })
  })
  return outcomeOf(contenders, { rounds, seconds })
}

async function startContenders(
  { servers }: System,
  upstream: string,
  stack: AsyncDisposableStack,
): Promise<Contender[]> {
  const accountsFile = join(servers.directory, 'accounts.json')
  await writeFile(accountsFile, JSON.stringify({ accounts: [] }))
  const start = (): ChildProcess<typeof proxies> => stack.use(startChild<typeof proxies>('proxies.child.ts'))
  const [guarded, unguarded, peer] = [start(), start(), start()]
  const natsUrl = servers.natsUrl('gateway')
  return [
    {
      label: GUARDED,
      process: guarded,
      url: await guarded.call('gateway', { upstream, natsUrl, accountsFile }),
      rounds: [],
    },
    {
      label: UNGUARDED,
      process: unguarded,
      url: await unguarded.call('unguarded', { upstream }),
      rounds: [],
    },
    { label: PEER, process: peer, url: await peer.call('httpProxy', { upstream }), rounds: [] },
  ]
}

/** All of them are sent the tokens, whether they look at them or not. */
function hammer(url: string, seconds: number): Promise<Throughput> {
  return closedLoop({ url, path: PATH, connections: CONNECTIONS, seconds, tokens: TOKENS })
}

function outcomeOf(
  contenders: readonly Contender[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Outcome {
  const plain = contenders.find(({ label }) => label === UNGUARDED)
  const rows = contenders.map(({ label, rounds: measured }): Row => {
    const over = (key: 'perSecond' | 'cpuUs' | 'p50Ms' | 'p99Ms'): number =>
      median(measured.map((one) => one[key]))
    // Of the same round, so that what else the machine did is in both.
    const ratio = (key: 'perSecond' | 'cpuUs'): number =>
      median(measured.map((one, round) => one[key] / (plain?.rounds[round]?.[key] ?? Number.NaN)))
    return {
      label,
      figures: {
        perSecond: over('perSecond'),
        throughput: ratio('perSecond'),
        cpuUs: over('cpuUs'),
        cpu: ratio('cpuUs'),
        p50: over('p50Ms'),
        p99: over('p99Ms'),
      },
      samples: measured.map(({ cpuUs }) => cpuUs),
    }
  })
  return {
    title: 'The gateway',
    method:
      `A GET of one kilobyte over ${CONNECTIONS} connections, ${SESSIONS} sessions in turn; medians of ${rounds} rounds of ` +
      `${seconds} s each, in turns. CPU is that of the proxy's own process; its samples are in the results. Client, proxy ` +
      `and service share the machine, so that throughput says less than CPU does.`,
    columns: [
      { key: 'perSecond', title: 'requests/s', digits: 0 },
      { key: 'throughput', title: 'to without', digits: 2 },
      { key: 'cpuUs', title: 'CPU µs a request', digits: 1 },
      { key: 'cpu', title: 'to without', digits: 2 },
      { key: 'p50', title: 'p50 ms', digits: 1 },
      { key: 'p99', title: 'p99 ms', digits: 1 },
    ],
    rows,
    goals: [
      {
        text: 'Throughput with the check, in times of that without',
        measured: figureOf(rows, GUARDED, 'throughput'),
        atLeast: 0.95,
        digits: 2,
      },
      {
        text: 'CPU of a request with the check, in times of that without',
        measured: figureOf(rows, GUARDED, 'cpu'),
        atMost: 1.05,
        digits: 2,
      },
    ],
  }
}
