/** ① What the check costs at the gateway: a proxied GET with it, without it, and through a proxy that knows no sessions. */
import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startChild } from '../child.ts'
import { closedLoop, type Answered } from '../http-load.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf, sessionTokenOf } from '../population.ts'
import { LABELS, startProxies, type Proxy } from '../proxies.ts'
import { median } from '../statistics.ts'
import { startSystem } from '../system.ts'
import type { commands as upstreams } from '../upstream.child.ts'

const SIZES = {
  full: { starts: 3, warmUp: 4, rounds: 3, runUp: 0.8, seconds: 1 },
  quick: { starts: 1, warmUp: 0.4, rounds: 3, runUp: 0.2, seconds: 0.6 },
  tiny: { starts: 1, warmUp: 0.05, rounds: 1, runUp: 0.05, seconds: 1 },
}

const CONNECTIONS = 32
const SESSIONS = 1_000
const PATH = '/api/documents/list'
const HEADERS = Array.from(
  { length: SESSIONS },
  (_, index) => `authorization: Bearer ${sessionTokenOf(index)}`,
)

interface Contender {
  readonly label: string
  readonly rounds: Round[]
}

interface Round {
  readonly perSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export const gateway: Benchmark = { name: 'gateway', seconds: { full: 210, quick: 20 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { starts, warmUp, rounds, runUp, seconds } = SIZES[size]
  await using system = await startSystem(populationOf(SESSIONS))
  await using service = startChild<typeof upstreams>('upstream.child.ts')
  const upstream = await service.call('start')
  const contenders: Contender[] = Object.values(LABELS).map((label) => ({ label, rounds: [] }))
  for (let start = 1; start <= starts; start += 1) {
    report(`start ${start} of ${starts}`)
    await using stack = new AsyncDisposableStack()
    const proxies = await startProxies(system, upstream, stack)
    for (const { url } of proxies) await hammer(url, warmUp)
    await interleaved(proxies, rounds, async (proxy) => {
      await hammer(proxy.url, runUp)
      contenders.find(({ label }) => label === proxy.label)?.rounds.push(await measure(proxy, seconds))
    })
  }
  const measured = contenders.filter((contender) => contender.rounds.length > 0)
  if (measured.length < contenders.length)
    report('nginx is not installed (Debian: apt-get install nginx-light) and was left out')
  return outcomeOf(measured, SIZES[size])
}

async function measure({ url, cpuUs: cpuUsed }: Proxy, seconds: number): Promise<Round> {
  const before = await cpuUsed()
  const { requests, perSecond, p50Ms, p99Ms } = await hammer(url, seconds)
  return { perSecond, cpuUs: ((await cpuUsed()) - before) / requests, p50Ms, p99Ms }
}

/** All of them are sent the tokens, whether they look at them or not. */
function hammer(url: string, seconds: number): Promise<Answered> {
  return closedLoop({ url, path: PATH, connections: CONNECTIONS, seconds, headers: HEADERS })
}

function outcomeOf(
  contenders: readonly Contender[],
  { starts, rounds, runUp, seconds }: (typeof SIZES)[Size],
): Outcome {
  const rows = rowsOf(contenders)
  const hasNginx = rows.some(({ label }) => label === LABELS.nginx)
  return {
    title: 'The gateway',
    method:
      `A GET of one kilobyte over ${CONNECTIONS} connections, ${SESSIONS} sessions in turn; medians of ${starts * rounds} rounds ` +
      `of ${seconds} s each, in turns, ${rounds} with the same processes, each after ${runUp} s that is not counted. CPU is ` +
      `that of the proxy's own process (of nginx with a question: also that of whom it asks); its samples are in the ` +
      `results. nginx has one worker. Client, proxy and service share the machine, so that throughput says less than ` +
      `CPU does.` +
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
        text: `Requests/s with the check, in times of ${LABELS.peer}`,
        measured: timesOf(contenders, [LABELS.guarded, LABELS.peer]),
        atLeast: 1.3,
        digits: 2,
      },
      {
        text: 'Requests/s with the check, in times of the same without it',
        measured: timesOf(contenders, [LABELS.guarded, LABELS.unchecked]),
        atLeast: 0.95,
        digits: 2,
      },
      ...(hasNginx
        ? [
            {
              text: 'Requests/s of nginx asking, in times of nginx',
              measured: timesOf(contenders, [LABELS.forwardAuth, LABELS.nginx]),
              atLeast: 0.8,
              digits: 2,
            },
          ]
        : []),
      {
        text: 'CPU of a request with the check, in times of that without',
        measured: figureOf(rows, LABELS.guarded, 'cpu'),
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
  const plain = contenders.find(({ label }) => label === LABELS.unchecked)
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
