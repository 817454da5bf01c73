/** ③ The same route of a service, guarded by Curfew and by what people use instead. */
import { GUARDED_PATH } from '@curfew/bench-peers/guarded'

import {
  figureOf,
  type Benchmark,
  type Goal,
  type Outcome,
  type Progress,
  type Row,
  type Size,
} from '../benchmark.ts'
import { cpuUsOfAll } from '../cpu-time.ts'
import type { Kind, Surroundings } from '../guard-setting.ts'
import { headerLine, signInAll, startGuard, type Guard } from '../guards.ts'
import { closedLoop, openLoop, type Load } from '../http-load.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf, sessionTokenOf } from '../population.ts'
import { median } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'

const SIZES = {
  full: { rounds: 5, runUp: 0.4, seconds: 0.8, warmUp: 1.5, perSecond: 1_000 },
  quick: { rounds: 2, runUp: 0.1, seconds: 0.2, warmUp: 0.2, perSecond: 1_000 },
  tiny: { rounds: 1, runUp: 0.05, seconds: 0.1, warmUp: 0.05, perSecond: 200 },
}

const CONNECTIONS = 32
const SESSIONS = 200
const LIFETIME_SECONDS = 3_600
const CACHE_SECONDS = 60
const SECRET = 'a secret of the benchmarks alone, 32 characters or more'

const UNGUARDED = 'no check'
const CURFEW = 'Curfew'
const JWT = '@fastify/jwt HS256'
const SESSION = '@fastify/session, Redis'
const KINDS: readonly (readonly [label: string, kind: Kind])[] = [
  [UNGUARDED, 'unguarded'],
  [CURFEW, 'curfew'],
  [JWT, 'jwt'],
  [`${JWT}, cache`, 'jwt-cached'],
  ['@fastify/jwt Ed25519', 'jwt-ed25519'],
  [`${JWT}, denylist in Redis`, 'jwt-denylist'],
  [SESSION, 'fastify-session'],
  [`${SESSION}, rolling`, 'fastify-session-rolling'],
  ['express-session, Redis', 'express-session'],
  ['better-auth, Redis', 'better-auth'],
  ['better-auth, cookie cache', 'better-auth-cached'],
  ['introspection', 'introspection'],
  ['introspection, cached', 'introspection-cached'],
  ["no check, in Curfew's server", 'curfew-server-unguarded'],
  ["Curfew, in Curfew's server", 'curfew-server'],
]
/** Everything but those without a check and Curfew itself. */
const PEERS = KINDS.map(([label]) => label).slice(2, -2)

interface Round {
  readonly perSecond: number
  readonly cpuUs: number
  readonly askedCpuUs: number | undefined
  readonly p50: number
  readonly p99: number
}

interface Contender {
  readonly label: string
  readonly guard: Guard
  readonly headers: readonly string[]
  readonly rounds: Round[]
}

export const service: Benchmark = { name: 'service', seconds: { full: 170, quick: 24 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { rounds, runUp, seconds, warmUp, perSecond } = SIZES[size]
  await using system = await startSystem(populationOf(SESSIONS))
  await using stack = new AsyncDisposableStack()
  const { servers } = system
  const shared = { redisUrl: servers.redisUrl('admin'), secret: SECRET }
  const surroundings = {
    shared,
    natsUrl: servers.natsUrl('gateway'),
    providerUrl: '',
    lifetimeSeconds: LIFETIME_SECONDS,
    cacheSeconds: CACHE_SECONDS,
  }
  const provider = await startGuard(stack, 'oidc-provider', surroundings)
  const contenders = await startAll(stack, { ...surroundings, providerUrl: provider.url }, report)
  report('warming up')
  await interleaved(contenders, 1, async ({ guard, headers }) => {
    // What a cache can hold is in it.
    await closedLoop({ ...loadOf(guard.url, headers), seconds: warmUp })
  })
  const asked = (): Promise<number | undefined> => cpuOfAsked(system, provider)
  await interleaved(contenders, rounds, async ({ label, guard, headers, rounds: measured }, round) => {
    if (label === UNGUARDED) report(`round ${round + 1} of ${rounds}`)
    const load = { ...loadOf(guard.url, headers), seconds }
    await closedLoop({ ...load, seconds: runUp })
    measured.push(await measure(guard, { load, perSecond, asked }))
  })
  return outcomeOf(contenders, SIZES[size])
}

async function startAll(
  stack: AsyncDisposableStack,
  surroundings: Surroundings,
  report: Progress,
): Promise<Contender[]> {
  const ours = Array.from(
    { length: SESSIONS },
    (_, index) => `authorization: Bearer ${sessionTokenOf(index)}`,
  )
  report(`starting ${KINDS.length} servers`)
  return Promise.all(
    KINDS.map(async ([label, kind]): Promise<Contender> => {
      const guard = await startGuard(stack, kind, surroundings)
      const headers = PEERS.includes(label) ? (await signInAll(guard, SESSIONS)).map(headerLine) : ours
      return { label, guard, headers, rounds: [] }
    }),
  )
}

function loadOf(url: string, headers: readonly string[]): Omit<Load, 'seconds'> {
  return { url, path: GUARDED_PATH, connections: CONNECTIONS, headers }
}

async function measure(
  { process }: Guard,
  {
    load,
    perSecond,
    asked,
  }: { readonly load: Load; readonly perSecond: number; readonly asked: () => Promise<number | undefined> },
): Promise<Round> {
  const [before, askedBefore] = [await process.cpuUs(), await asked()]
  const most = await closedLoop(load)
  const cpuUs = ((await process.cpuUs()) - before) / most.requests
  const askedAfter = await asked()
  const { p50Ms, p99Ms } = await openLoop({ ...load, perSecond })
  return {
    perSecond: most.perSecond,
    cpuUs,
    askedCpuUs:
      askedBefore === undefined || askedAfter === undefined
        ? undefined
        : (askedAfter - askedBefore) / most.requests,
    p50: p50Ms,
    p99: p99Ms,
  }
}

/** What a check makes others do: Redis, the broker, the session service and the authorization server. */
async function cpuOfAsked({ servers, replicas }: System, provider: Guard): Promise<number | undefined> {
  const others = cpuUsOfAll([servers.redis, servers.nats, ...replicas])
  return others === undefined ? undefined : others + (await provider.process.cpuUs())
}

function outcomeOf(
  contenders: readonly Contender[],
  { rounds, runUp, seconds, perSecond }: (typeof SIZES)[Size],
): Outcome {
  const rows = rowsOf(contenders)
  const cpuOf = (label: string): number => figureOf(rows, label, 'cpuUs')
  const [best = ''] = PEERS.toSorted((a, b) => cpuOf(a) - cpuOf(b))
  return {
    title: 'A guarded route',
    method:
      `A GET over ${CONNECTIONS} connections, ${SESSIONS} sessions in turn, each server a process of its own; medians of ${rounds} ` +
      `rounds of ${seconds} s each, in turns, each after ${runUp} s that is not counted. CPU is that of the server's process, ` +
      `and beside it that of whom it asks (Redis, the authorization server, Curfew's session service and NATS). ` +
      `Requests/s: as many as get answered; client, server and whom it asks share the machine. p50 and p99: of ` +
      `${perSecond} requests a second, the same for all.`,
    columns: [
      { key: 'perSecond', title: 'requests/s', digits: 0 },
      { key: 'cpuUs', title: 'CPU µs a request', digits: 1 },
      { key: 'askedCpuUs', title: 'CPU µs of whom it asks', digits: 1 },
      { key: 'share', title: 'throughput of a core, to no check', digits: 2 },
      { key: 'p50', title: 'p50 ms', digits: 2 },
      { key: 'p99', title: 'p99 ms', digits: 2 },
    ],
    rows,
    goals: [
      goal('Requests that a core serves, in times of no check', cpuOf(UNGUARDED) / cpuOf(CURFEW), 0.85),
      goal(`The same in times of ${JWT} without cache`, cpuOf(JWT) / cpuOf(CURFEW), 2),
      goal(`The same in times of ${SESSION}`, cpuOf(SESSION) / cpuOf(CURFEW), 3),
      goal(`The same in times of the best of the others (${best})`, cpuOf(best) / cpuOf(CURFEW), 1),
    ],
    plot: { key: 'cpuUs', title: 'CPU µs a request, of the server', scale: 'linear' },
  }
}

function goal(text: string, measured: number, atLeast: number): Goal {
  return { text, measured, atLeast, digits: 2 }
}

function rowsOf(contenders: readonly Contender[]): Row[] {
  const plain = contenders.find(({ label }) => label === UNGUARDED)
  return contenders.map(({ label, rounds }) => {
    const over = (key: 'perSecond' | 'cpuUs' | 'p50' | 'p99'): number => median(rounds.map((one) => one[key]))
    const asked = rounds.flatMap(({ askedCpuUs }) => askedCpuUs ?? [])
    // Of the same round, so that what else the machine did is in both.
    const shares = rounds.map(({ cpuUs }, round) => (plain?.rounds[round]?.cpuUs ?? Number.NaN) / cpuUs)
    return {
      label,
      figures: {
        perSecond: over('perSecond'),
        cpuUs: over('cpuUs'),
        ...(asked.length > 0 && { askedCpuUs: median(asked) }),
        share: median(shares),
        p50: over('p50'),
        p99: over('p99'),
      },
      samples: rounds.map(({ cpuUs }) => cpuUs),
    }
  })
}
