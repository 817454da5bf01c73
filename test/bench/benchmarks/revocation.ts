/** ② ④ How long a session that has been revoked is still let in, seen by clients that never stop asking. */
import { setTimeout as pause } from 'node:timers/promises'

import { GUARDED_PATH, type Credential } from '@curfew/bench-peers/guarded'

import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import type { Kind, Surroundings } from '../guard-setting.ts'
import { headerLine, startGuard, type Guard } from '../guards.ts'
import { HttpConnection, requestText } from '../http-connection.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf, sessionIdOf, sessionTokenOf } from '../population.ts'
import { median, percentile } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'

const SIZES = {
  full: { revocations: 150, slow: 20, boundSeconds: 5 },
  quick: { revocations: 25, slow: 5, boundSeconds: 2 },
  tiny: { revocations: 3, slow: 1, boundSeconds: 1 },
}

const REPLICAS = 2
/** Clients of each replica, all of whom present the token that is revoked. */
const CLIENTS = 4
/** So that clients are anywhere in their requests when the revocation begins. */
const LEAD_MS = 3
/** Where answers are believed for seconds, one client of each replica asks every few milliseconds. */
const SLOW = { clients: 1, pauseMs: 10 }
const FAST = { clients: CLIENTS, pauseMs: 0 }
/** How long nobody may be let in again before a revocation counts as effective. */
const QUIET_MS = 30
/** Longer than anything here is believed. */
const GIVEN_UP_AFTER_MS = 60_000
const SECRET = 'a secret of the benchmarks alone, 32 characters or more'

const CURFEW = 'Curfew'
interface Setting {
  readonly label: string
  readonly kind: Kind
  /** Effective only when what is believed for a while has run out. */
  readonly isSlow?: boolean
}

function settingsOf(boundSeconds: number): readonly Setting[] {
  return [
    { label: CURFEW, kind: 'curfew' },
    { label: '@fastify/jwt, denylist in Redis', kind: 'jwt-denylist' },
    { label: '@fastify/session, Redis', kind: 'fastify-session' },
    { label: 'express-session, Redis', kind: 'express-session' },
    { label: 'better-auth, Redis', kind: 'better-auth' },
    { label: 'introspection', kind: 'introspection' },
    { label: `@fastify/jwt, exp after ${boundSeconds} s`, kind: 'jwt', isSlow: true },
    { label: `better-auth, cookie cache of ${boundSeconds} s`, kind: 'better-auth-cached', isSlow: true },
    { label: `introspection, cached ${boundSeconds} s`, kind: 'introspection-cached', isSlow: true },
  ]
}

/** One revocation: milliseconds since the call, and requests. */
interface Trial {
  /** Until the caller was told that it is done. */
  readonly toldMs: number
  /** Until the last answer that let somebody in, which its admission came before. */
  readonly lastMs: number
  /** Requests that were sent after the caller was told, and let in. */
  readonly admittedAfter: number
}

interface Contender extends Setting {
  readonly replicas: readonly Guard[]
  readonly signIn: () => Promise<Credential>
  readonly revoke: (credential: Credential) => Promise<unknown>
  readonly trials: Trial[]
}

export const revocation: Benchmark = { name: 'revocation', seconds: { full: 50, quick: 18 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { revocations, slow, boundSeconds } = SIZES[size]
  await using system = await startSystem(populationOf(revocations))
  await using stack = new AsyncDisposableStack()
  const contenders = await startAll(system, { stack, boundSeconds, report })
  const [fast, bounded] = [contenders.filter((one) => !one.isSlow), contenders.filter((one) => one.isSlow)]
  report('revoking')
  await interleaved(fast, revocations, async (one) => {
    const trial = await tryOnce(one, FAST)
    if (one.label === CURFEW && trial.admittedAfter > 0)
      throw new Error(`${trial.admittedAfter} requests were let in after a revocation was confirmed`)
    one.trials.push(trial)
  })
  report('waiting for what is believed for a while')
  await Promise.all(
    bounded.flatMap((one) =>
      Array.from({ length: slow }, async () => {
        one.trials.push(await tryOnce(one, SLOW))
      }),
    ),
  )
  return outcomeOf(contenders, SIZES[size])
}

async function startAll(
  system: System,
  options: { stack: AsyncDisposableStack; boundSeconds: number; report: Progress },
): Promise<Contender[]> {
  const { stack, boundSeconds, report } = options
  const { servers } = system
  const surroundings: Surroundings = {
    shared: { redisUrl: servers.redisUrl('admin'), secret: SECRET },
    natsUrl: servers.natsUrl('gateway'),
    providerUrl: '',
    lifetimeSeconds: boundSeconds,
    cacheSeconds: boundSeconds,
  }
  const provider = await startGuard(stack, 'oidc-provider', surroundings)
  const settings = settingsOf(boundSeconds)
  report(`starting ${settings.length} times ${REPLICAS} servers`)
  return Promise.all(
    settings.map(async (setting): Promise<Contender> => {
      const { kind } = setting
      // A denied token must not run out by itself in the meantime.
      const lifetimeSeconds = kind === 'jwt' ? boundSeconds : 3_600
      const told = { ...surroundings, providerUrl: provider.url, lifetimeSeconds }
      const replicas = await Promise.all(
        Array.from({ length: REPLICAS }, () => startGuard(stack, kind, told)),
      )
      const sessions = kind === 'curfew' ? sessionsOf(system) : sessionsAt(replicas[0])
      return { ...setting, replicas, ...sessions, trials: [] }
    }),
  )
}

type Sessions = Pick<Contender, 'signIn' | 'revoke'>

function sessionsOf(system: System): Sessions {
  const indexes = new Map<Credential, number>()
  return {
    signIn() {
      const index = indexes.size
      const credential: Credential = { header: 'authorization', value: `Bearer ${sessionTokenOf(index)}` }
      indexes.set(credential, index)
      return Promise.resolve(credential)
    },
    revoke: (credential) =>
      system.revoke({ type: 'session', session: sessionIdOf(indexes.get(credential) ?? -1) }),
  }
}

/** Who signs in at one replica is known to all, and so is who was signed out there. */
function sessionsAt(replica: Guard | undefined): Sessions {
  let users = 0
  return {
    async signIn() {
      const credential = await replica?.process.call('signIn', `user-${(users += 1)}`)
      if (credential === undefined) throw new Error('nobody can sign in there')
      return credential
    },
    revoke: async (credential) => replica?.process.call('revoke', credential),
  }
}

async function tryOnce(
  { replicas, signIn, revoke }: Contender,
  { clients: clientsEach, pauseMs }: typeof FAST,
): Promise<Trial> {
  const credential = await signIn()
  const clients = await Promise.all(
    replicas.flatMap(({ url }) =>
      Array.from({ length: clientsEach }, () => openClient(url, headerLine(credential), pauseMs)),
    ),
  )
  await Promise.all(clients.map((client) => client.enter()))
  const asking = Promise.all(clients.map((client) => client.run()))
  await Promise.race([pause(LEAD_MS + pauseMs * Math.random()), asking])
  const calledAtMs = performance.now()
  const [toldAtMs] = await Promise.all([revoke(credential).then(() => performance.now()), asking])
  const admitted = clients.flatMap((client) => client.admitted)
  const lastAtMs = admitted.reduce((last, { doneAtMs }) => Math.max(last, doneAtMs), calledAtMs)
  return {
    toldMs: toldAtMs - calledAtMs,
    lastMs: lastAtMs - calledAtMs,
    admittedAfter: admitted.filter(({ sentAtMs }) => sentAtMs > toldAtMs).length,
  }
}

interface Admitted {
  readonly sentAtMs: number
  readonly doneAtMs: number
}

interface Client {
  readonly admitted: readonly Admitted[]
  /** Asks for the first time. @throws Error when it is not let in */
  enter(): Promise<void>
  /** Asks until it has been refused for a while. @throws Error for an answer that is neither 200 nor 401 */
  run(): Promise<void>
}

async function openClient(url: string, header: string, pauseMs: number): Promise<Client> {
  const connection = await HttpConnection.open(url)
  const request = requestText(url, GUARDED_PATH, header)
  const admitted: Admitted[] = []
  return {
    admitted,
    async enter() {
      const status = await connection.send(request)
      if (status !== 200) throw new Error(`${url} answered ${status} to somebody who is signed in`)
    },
    async run() {
      const givenUpAtMs = performance.now() + GIVEN_UP_AFTER_MS
      let refusedSinceMs: number | undefined
      for (;;) {
        const sentAtMs = performance.now()
        const status = await connection.send(request)
        const doneAtMs = performance.now()
        if (status === 200) admitted.push({ sentAtMs, doneAtMs })
        else if (status !== 401) throw new Error(`${url} answered ${status}`)
        refusedSinceMs = status === 200 ? undefined : (refusedSinceMs ?? doneAtMs)
        if (refusedSinceMs !== undefined && doneAtMs - refusedSinceMs > QUIET_MS) break
        if (doneAtMs > givenUpAtMs) throw new Error(`${url} goes on letting in who was signed out`)
        if (pauseMs > 0) await pause(pauseMs)
      }
      connection.close()
    },
  }
}

function outcomeOf(
  contenders: readonly Contender[],
  { revocations, slow, boundSeconds }: (typeof SIZES)['full'],
): Outcome {
  const rows = contenders.map(({ label, trials }): Row => {
    const [last, told] = [trials.map(({ lastMs }) => lastMs), trials.map(({ toldMs }) => toldMs)]
    return {
      label,
      figures: {
        median: median(last),
        p99: percentile(last, 0.99),
        told: median(told),
        after: trials.reduce((sum, { admittedAfter }) => sum + admittedAfter, 0),
      },
      samples: last,
    }
  })
  return {
    title: 'From revoking to the last admission',
    method:
      `Milliseconds from the call that ends a session to the last answer that let somebody in, over ${REPLICAS} replicas with ` +
      `${CLIENTS} clients each that present its token without a pause; ${revocations} sessions, in turns. Those that believe a ` +
      `token, a cookie or an answer for a while do so for ${boundSeconds} s here, ${slow} sessions each at the same time and one client ` +
      `for each replica that asks every ${SLOW.pauseMs} ms. Told: until the ` +
      `caller has its answer. Let in after that: requests that were sent after the answer had come.`,
    columns: [
      { key: 'median', title: 'last admission, median ms', digits: 1 },
      { key: 'p99', title: 'p99 ms', digits: 1 },
      { key: 'told', title: 'told, median ms', digits: 1 },
      { key: 'after', title: 'let in after that', digits: 0 },
    ],
    rows,
    goals: [
      {
        text: 'Curfew: last admission, p99, milliseconds',
        measured: figureOf(rows, CURFEW, 'p99'),
        atMost: 25,
        digits: 1,
      },
      {
        text: 'Curfew: requests let in that were sent after `confirmed`',
        measured: figureOf(rows, CURFEW, 'after'),
        atMost: 0,
        digits: 0,
      },
    ],
    plot: { key: 'median', title: 'Milliseconds to the last admission', scale: 'log' },
  }
}
