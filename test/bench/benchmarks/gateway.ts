/** ① What the check costs at the gateway: a proxied GET with it, without it, and through a proxy that knows no sessions. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startChild, type ChildProcess } from '../child.ts'
import { closedLoop, type Answered } from '../http-load.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf, sessionTokenOf } from '../population.ts'
import type { commands as proxies } from '../proxies.child.ts'
import { startNginx } from '../nginx.ts'
import { median } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands as upstreams } from '../upstream.child.ts'

const SIZES = {
  full: { rounds: 8, seconds: 1.5, warmUp: 5 },
  quick: { rounds: 3, seconds: 0.6, warmUp: 0.4 },
  tiny: { rounds: 1, seconds: 1, warmUp: 0 },
}

const CONNECTIONS = 32
const SESSIONS = 1_000
const PATH = '/api/documents/list'
const HEADERS = Array.from(
  { length: SESSIONS },
  (_, index) => `authorization: Bearer ${sessionTokenOf(index)}`,
)

const GUARDED = 'the gateway'
const UNCHECKED = 'the same, without the check'
const UNGUARDED = 'its proxy, with nothing in front'
const PEER = '@fastify/http-proxy'
const NGINX = 'nginx'
const FORWARD_AUTH = 'nginx, asking /forward-auth'
const LEAST_AUTH = 'nginx, asking an nginx that says 204'

interface Contender {
  readonly label: string
  /** Microseconds that all have used who do its work. */
  readonly cpuUs: () => Promise<number>
  readonly url: string
  readonly rounds: Round[]
}

interface Round {
  readonly perSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export const gateway: Benchmark = { name: 'gateway', seconds: { full: 140, quick: 20 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { rounds, seconds, warmUp } = SIZES[size]
  await using system = await startSystem(populationOf(SESSIONS))
  await using stack = new AsyncDisposableStack()
  const upstream = await stack.use(startChild<typeof upstreams>('upstream.child.ts')).call('start')
  const contenders = await startContenders(system, upstream, { stack, report })
  report('warming up')
  if (warmUp > 0) for (const { url } of contenders) await hammer(url, warmUp)
  report('measuring')
  await interleaved(contenders, rounds, async ({ url, cpuUs: cpuUsed, rounds: measured }) => {
    const before = await cpuUsed()
    const { requests, perSecond, p50Ms, p99Ms } = await hammer(url, seconds)
    const cpuUs = ((await cpuUsed()) - before) / requests
    measured.push({ perSecond, cpuUs, p50Ms, p99Ms })
  })
  return outcomeOf(contenders, { rounds, seconds })
}

async function startContenders(
  { servers }: System,
  upstream: string,
  { stack, report }: { stack: AsyncDisposableStack; report: Progress },
): Promise<Contender[]> {
  const { directory } = servers
  const accountsFile = join(directory, 'accounts.json')
  await writeFile(accountsFile, JSON.stringify({ accounts: [] }))
  const start = (): ChildProcess<typeof proxies> => stack.use(startChild<typeof proxies>('proxies.child.ts'))
  const [guarded, unchecked, unguarded, peer] = [start(), start(), start(), start()]
  const natsUrl = servers.natsUrl('gateway')
  const gatewayUrl = await guarded.call('gateway', { upstream, natsUrl, accountsFile })
  const contender = (label: string, url: string, cpuUs: Contender['cpuUs']): Contender => ({
    label,
    url,
    cpuUs,
    rounds: [],
  })
  const contenders = [
    contender(GUARDED, gatewayUrl, () => guarded.cpuUs()),
    contender(UNCHECKED, await unchecked.call('unchecked', { upstream }), () => unchecked.cpuUs()),
    contender(UNGUARDED, await unguarded.call('unguarded', { upstream }), () => unguarded.cpuUs()),
    contender(PEER, await peer.call('httpProxy', { upstream }), () => peer.cpuUs()),
  ]
  const nginx = await startNginx(stack, { directory, upstream })
  const asking = await startNginx(stack, { directory, upstream, gateway: gatewayUrl })
  const answering = await startNginx(stack, { directory })
  const least = answering && (await startNginx(stack, { directory, upstream, gateway: answering.url }))
  if (nginx === undefined || asking === undefined || answering === undefined || least === undefined) {
    report('nginx is not installed (Debian: apt-get install nginx-light) and is left out')
    return contenders
  }
  return [
    ...contenders,
    contender(NGINX, nginx.url, () => Promise.resolve(nginx.cpuUs())),
    contender(FORWARD_AUTH, asking.url, async () => asking.cpuUs() + (await guarded.cpuUs())),
    contender(LEAST_AUTH, least.url, () => Promise.resolve(least.cpuUs() + answering.cpuUs())),
  ]
}

/** All of them are sent the tokens, whether they look at them or not. */
function hammer(url: string, seconds: number): Promise<Answered> {
  return closedLoop({ url, path: PATH, connections: CONNECTIONS, seconds, headers: HEADERS })
}

function outcomeOf(
  contenders: readonly Contender[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Outcome {
  const rows = rowsOf(contenders)
  const hasNginx = rows.some(({ label }) => label === NGINX)
  return {
    title: 'The gateway',
    method:
      `A GET of one kilobyte over ${CONNECTIONS} connections, ${SESSIONS} sessions in turn; medians of ${rounds} rounds of ` +
      `${seconds} s each, in turns. CPU is that of the proxy's own process (of nginx with a question: also that of ` +
      `whom it asks); its samples are in the results. nginx has one worker. Client, proxy and service share the ` +
      `machine, so that throughput says less than CPU does.` +
      (hasNginx ? '' : ' nginx was not installed.'),
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
        text: `Requests/s with the check, in times of ${PEER}`,
        measured: timesOf(contenders, [GUARDED, PEER]),
        atLeast: 1.3,
        digits: 2,
      },
      {
        text: 'Requests/s with the check, in times of the same without it',
        measured: timesOf(contenders, [GUARDED, UNCHECKED]),
        atLeast: 0.95,
        digits: 2,
      },
      ...(hasNginx
        ? [
            {
              text: 'Requests/s of nginx asking, in times of nginx',
              measured: timesOf(contenders, [FORWARD_AUTH, NGINX]),
              atLeast: 0.8,
              digits: 2,
            },
          ]
        : []),
      {
        text: 'CPU of a request with the check, in times of that without',
        measured: figureOf(rows, GUARDED, 'cpu'),
        atMost: 1.05,
        digits: 2,
      },
    ],
    plot: { key: 'cpuUs', title: 'CPU µs a request, of the proxy', scale: 'linear' },
  }
}

/** One in times of another, both of the same round, so that what else the machine did is in both. */
function timesOf(contenders: readonly Contender[], [one, other]: readonly [string, string]): number {
  const [measured = [], others = []] = [one, other].map(
    (wanted) => contenders.find(({ label }) => label === wanted)?.rounds,
  )
  return median(measured.map(({ perSecond }, nth) => perSecond / (others[nth]?.perSecond ?? Number.NaN)))
}

function rowsOf(contenders: readonly Contender[]): Row[] {
  const plain = contenders.find(({ label }) => label === UNCHECKED)
  return contenders.map(({ label, rounds: measured }): Row => {
    const over = (key: keyof Round): number => median(measured.map((one) => one[key]))
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
}
