/** ① What the check costs at the gateway: a proxied GET with it, without it, and through a proxy that knows no sessions. */
import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startChild } from '../child.ts'
import { closedLoop, type Answered } from '../http-load.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf, sessionTokenOf } from '../population.ts'
import { LABELS, startGateways, startOthers, type Proxy } from '../proxies.ts'
import { median, percentile } from '../statistics.ts'
import { startSystem } from '../system.ts'
import type { commands as upstreams } from '../upstream.child.ts'

// V8 differs from process to process by more than the check costs: the gateway is started more often, with and without it.
const SIZES = {
  full: { starts: 16, startsOfAll: 3, bursts: 6, burst: 0.5, rounds: 3, runUp: 0.5, seconds: 1 },
  quick: { starts: 2, startsOfAll: 1, bursts: 2, burst: 0.2, rounds: 3, runUp: 0.2, seconds: 0.5 },
  tiny: { starts: 1, startsOfAll: 1, bursts: 1, burst: 0.05, rounds: 1, runUp: 0.05, seconds: 1 },
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

export const gateway: Benchmark = { name: 'gateway', seconds: { full: 390, quick: 25 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { starts, startsOfAll, bursts, burst, rounds, runUp, seconds } = SIZES[size]
  await using system = await startSystem(populationOf(SESSIONS))
  await using service = startChild<typeof upstreams>('upstream.child.ts')
  const upstream = await service.call('start')
  const contenders: Contender[] = Object.values(LABELS).map((label) => ({ label, rounds: [] }))
  for (let start = 1; start <= starts; start += 1) {
    report(`start ${start} of ${starts}`)
    await using stack = new AsyncDisposableStack()
    const stage = { system, upstream, stack }
    const gateways = await startGateways(stage)
    const others = start > startsOfAll ? [] : await startOthers(stage, gateways[0])
    const proxies = [...gateways, ...others]
    // Not all at once: code that V8 has made fast before a connection ends for the first time becomes slow again.
    await interleaved(proxies, bursts, async ({ url }) => void (await hammer(url, burst)))
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
  { starts, startsOfAll, rounds, runUp, seconds }: (typeof SIZES)[Size],
): Outcome {
  const rows = rowsOf(contenders)
  const toUnchecked = ratiosOf(contenders, [LABELS.guarded, LABELS.unchecked])
  const half = [0.25, 0.75].map((share) => percentile(toUnchecked, share).toFixed(2)).join(' and ')
  const hasNginx = rows.some(({ label }) => label === LABELS.nginx)
  return {
    title: 'The gateway',
    method:
      `A GET of one kilobyte over ${CONNECTIONS} connections, ${SESSIONS} sessions in turn; medians of rounds of ${seconds} s ` +
      `each, in turns, ${rounds} with the same processes, each after ${runUp} s that is not counted; with the check and ` +
      `without, the gateway is started ${starts} times, the others ${startsOfAll}. CPU is that of the proxy's own process (of ` +
      `nginx with a question: also that of whom it asks); its samples are in the ` +
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
        measured: median(ratiosOf(contenders, [LABELS.guarded, LABELS.peer])),
        atLeast: 1.3,
        digits: 2,
      },
      {
        text: `Requests/s with the check, in times of the same without it (half of the rounds between ${half})`,
        measured: median(toUnchecked),
        atLeast: 0.95,
        digits: 3,
      },
      ...(hasNginx
        ? [
            {
              text: 'Requests/s of nginx asking, in times of nginx',
              measured: median(ratiosOf(contenders, [LABELS.forwardAuth, LABELS.nginx])),
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
function ratiosOf(
  contenders: readonly Contender[],
  [one, other]: readonly [string, string],
  key: keyof Round = 'perSecond',
): number[] {
  const [measured = [], others = []] = [one, other].map(
    (wanted) => contenders.find(({ label }) => label === wanted)?.rounds,
  )
  // Who was started less often took part in the first rounds.
  return measured.slice(0, others.length).map((round, nth) => round[key] / (others[nth]?.[key] ?? Number.NaN))
}

function rowsOf(contenders: readonly Contender[]): Row[] {
  return contenders.map(({ label, rounds: measured }): Row => {
    const over = (key: keyof Round): number => median(measured.map((one) => one[key]))
    const ratio = (key: keyof Round): number => median(ratiosOf(contenders, [label, LABELS.unchecked], key))
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
