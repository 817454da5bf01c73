/** ① ④ What one session authority does in a second, with one replica and with two. */
import { randomBytes, randomUUID } from 'node:crypto'

import {
  CREATE_SESSION,
  REDEEM_CLAIM,
  SUBJECTS,
  type ClientId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { ask, connectMessaging } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import { createAccountsBucket } from '../../../services/gateway/src/adapters/accounts-bucket.ts'
import { createKvAccounts } from '../../../services/gateway/src/adapters/kv-accounts.ts'
import { createSessionAuthority } from '../../../services/gateway/src/adapters/nats-session-authority.ts'
import { createNatsThrottle } from '../../../services/gateway/src/adapters/nats-throttle.ts'
import { createAttemptThrottle, strangerLane } from '../../../services/gateway/src/domain/attempt-throttle.ts'
import { createLoginBudget } from '../../../services/gateway/src/domain/login-budget.ts'
import { logIn, type LoginPorts } from '../../../services/gateway/src/domain/log-in.ts'
import type { Benchmark, Outcome, Progress, Row, Size } from '../benchmark.ts'
import { startChild } from '../child.ts'
import { cpuUsOfAll } from '../cpu-time.ts'
import { interleaved } from '../interleaved.ts'
import { ownerOf, populationOf, sessionIdOf, type Population } from '../population.ts'
import { median, percentile } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands } from '../verifiers.child.ts'

const SIZES = {
  full: { rounds: 4, seconds: 1.5, sessions: 40_000 },
  quick: { rounds: 1, seconds: 0.6, sessions: 6_000 },
  tiny: { rounds: 1, seconds: 0.2, sessions: 2_000 },
}

const REPLICAS = [1, 2]
const VERIFIERS = 5
const AT_ONCE = 64
const REVOKED_AT_ONCE = 16
const UNLIMITED = 1_000_000_000
const CLIENT = 'api' as ClientId
const TENANT = 'tenant-0' as TenantId

interface Operation {
  readonly label: string
  readonly atOnce: number
  readonly run: () => Promise<unknown>
}

interface Round {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly serviceUs: number | undefined
  readonly storeUs: number | undefined
}

interface Contender extends Operation {
  readonly system: System
  readonly rounds: Round[]
}

export const throughput: Benchmark = { name: 'throughput', seconds: { full: 60, quick: 12 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { rounds, seconds, sessions } = SIZES[size]
  const population = populationOf(sessions)
  await using stack = new AsyncDisposableStack()
  const contenders: (Contender & { readonly order: number })[] = []
  for (const replicas of REPLICAS) {
    report(`starting ${counted(replicas)}`)
    const system = stack.use(await startSystem(population, replicas))
    const verifiers = stack.use(startChild<typeof commands>('verifiers.child.ts'))
    await verifiers.call('open', { url: system.servers.natsUrl('documents'), verifiers: VERIFIERS })
    for (const [order, operation] of (await operationsOn(system, population, stack)).entries()) {
      const label = `${operation.label}, ${counted(replicas)}`
      contenders.push({ ...operation, label, system, rounds: [], order })
    }
  }
  // With one replica and with two right after each other.
  const inPairs = contenders.toSorted((a, b) => a.order - b.order)
  report('warming up')
  await interleaved(inPairs, 1, async (one) => void (await measure(one, seconds / 4)))
  await interleaved(inPairs, rounds, async (one, round) => {
    if (one === inPairs[0]) report(`round ${round + 1} of ${rounds}`)
    one.rounds.push(await measure(one, seconds))
  })
  return outcomeOf(inPairs, { rounds, seconds })
}

function counted(replicas: number): string {
  return replicas === 1 ? 'one replica' : `${replicas} replicas`
}

async function operationsOn(
  system: System,
  population: Population,
  stack: AsyncDisposableStack,
): Promise<Operation[]> {
  const { nc, servers, revoke } = system
  const files = await connectMessaging({ url: servers.natsUrl('files'), name: 'bench' })
  stack.defer(() => files.close())
  const birth = await system.birth()
  const logInOnce = await loginOn(nc)
  let [created, redeemed, revoked] = [0, 0, 0]
  return [
    {
      label: 'sessions created',
      atOnce: AT_ONCE,
      async run() {
        const user = `created-${(created += 1)}` as UserId
        const question = { tenant: TENANT, user, birth, client: CLIENT, acr: 'aal1', amr: ['pwd'] }
        const { outcome } = await ask(nc, CREATE_SESSION, SUBJECTS.createSession, question)
        if (outcome !== 'created') throw new Error('a session was refused')
      },
    },
    { label: 'logins without the hashing of a password', atOnce: AT_ONCE, run: logInOnce },
    {
      label: 'claims redeemed',
      atOnce: AT_ONCE,
      async run() {
        // The second half: the first is revoked.
        const index = population.sessions - 1 - ((redeemed += 1) % Math.floor(population.sessions / 2))
        await redeem(files, index, population)
      },
    },
    {
      label: 'sessions revoked and confirmed',
      atOnce: REVOKED_AT_ONCE,
      async run() {
        const index = revoked++
        if (index >= population.sessions / 2) throw new RangeError('all sessions that may be are revoked')
        await revoke({ type: 'session', session: sessionIdOf(index) })
      },
    },
  ]
}

/** All that a login asks for, by the gateway's own parts; any password is right. */
async function loginOn(nc: NatsConnection): Promise<() => Promise<void>> {
  const passwordHash = '$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g'
  const limits = { perMinute: UNLIMITED, failuresFree: 5, chancesPerMinute: 0 }
  const throttle = createNatsThrottle(nc, randomBytes(32))
  await createAccountsBucket(nc)
  const ports: LoginPorts = {
    accounts: await createKvAccounts(nc, {
      decoyHash: passwordHash,
      find: (tenant, user) => ({ tenant: tenant as TenantId, user: user as UserId, passwordHash }),
    }),
    passwords: {
      hasRoomFor: () => true,
      check: () => Promise.resolve('right'),
      hash: () => Promise.resolve(passwordHash),
    },
    authority: createSessionAuthority(nc),
    attempts: createAttemptThrottle(throttle, limits, Math.random),
    budget: createLoginBudget(throttle, UNLIMITED),
  }
  let logins = 0
  return async () => {
    const username = `logged-in-${(logins += 1)}`
    const { kind } = await logIn(ports, {
      tenant: TENANT,
      username,
      password: 'any',
      client: CLIENT,
      lane: strangerLane({ tenant: TENANT, username }, '192.0.2.1'),
      label: undefined,
      addressClass: '192.0.2.0/24',
    })
    if (kind !== 'created') throw new Error(`a login was ${kind}`)
  }
}

async function redeem(nc: NatsConnection, index: number, population: Population): Promise<void> {
  const question = {
    issuer: 'https://documents.example',
    claimId: randomUUID(),
    expiresAtSeconds: Math.floor(Date.now() / 1_000) + 60,
    session: sessionIdOf(index),
    ...ownerOf(index, population),
  }
  const { outcome } = await ask(nc, REDEEM_CLAIM, SUBJECTS.redeemClaim, question)
  if (outcome !== 'redeemed') throw new Error(`a claim was ${outcome}`)
}

async function measure({ atOnce, run: work, system }: Contender, seconds: number): Promise<Round> {
  const { servers, replicas } = system
  const [service, store] = [() => cpuUsOfAll(replicas), () => cpuUsOfAll([servers.redis, servers.nats])]
  const [serviceBefore, storeBefore] = [service(), store()]
  const tookMs: number[] = []
  const startedAtMs = performance.now()
  const untilMs = startedAtMs + seconds * 1_000
  const worker = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < untilMs;) {
      await work()
      const doneAtMs = performance.now()
      tookMs.push(doneAtMs - nowMs)
      nowMs = doneAtMs
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const elapsedMs = performance.now() - startedAtMs
  const each = (before: number | undefined, after: number | undefined): number | undefined =>
    before === undefined || after === undefined ? undefined : (after - before) / tookMs.length
  return {
    perSecond: (tookMs.length / elapsedMs) * 1_000,
    p50: percentile(tookMs, 0.5),
    p99: percentile(tookMs, 0.99),
    serviceUs: each(serviceBefore, service()),
    storeUs: each(storeBefore, store()),
  }
}

function outcomeOf(
  contenders: readonly Contender[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Outcome {
  const rows = contenders.map(({ label, rounds: measured }): Row => {
    const over = (key: keyof Round): Record<string, number> => {
      const values = measured.flatMap((one) => one[key] ?? [])
      return values.length === 0 ? {} : { [key]: median(values) }
    }
    const figures = {
      ...over('perSecond'),
      ...over('p50'),
      ...over('p99'),
      ...over('serviceUs'),
      ...over('storeUs'),
    }
    return { label, figures, samples: measured.map(({ perSecond }) => perSecond) }
  })
  return {
    title: 'What a session authority does in a second',
    method:
      `${AT_ONCE} at once (${REVOKED_AT_ONCE} revocations, which ${VERIFIERS} verifiers acknowledge); medians of ${rounds} rounds of ${seconds} s each, ` +
      `in turns. A login is all that the gateway asks for: counters, birth, account, session. CPU of one operation in ` +
      `the session service, and in NATS and Redis. Clients, replicas, NATS and Redis share the machine: where its cores are ` +
      `used up, a second replica brings nothing.`,
    columns: [
      { key: 'perSecond', title: 'per second', digits: 0 },
      { key: 'p50', title: 'p50 ms', digits: 1 },
      { key: 'p99', title: 'p99 ms', digits: 1 },
      { key: 'serviceUs', title: 'CPU µs, service', digits: 0 },
      { key: 'storeUs', title: 'CPU µs, NATS and Redis', digits: 0 },
    ],
    rows,
    goals: [],
    plot: { key: 'perSecond', title: 'Operations a second', scale: 'linear' },
  }
}
