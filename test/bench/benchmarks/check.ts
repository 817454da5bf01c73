import { fastJwt, jose, type JwtPeer } from '@curfew/bench-peers/json-web-tokens'
/** ② One check of a credential: a session in a verifier's memory beside tokens that prove themselves, and beside asking. */
import { GATEWAY_AUDIENCE, type Audience } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { createVerifier, type Verifier } from '@curfew/verifier'

import { KEYS } from '../../../services/session/src/adapters/redis/redis-keys.ts'
import { allocatedBytes } from '../allocation.ts'
import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startChild } from '../child.ts'
import { fill, silent } from '../filling.ts'
import { interleaved } from '../interleaved.ts'
import {
  ownerOf,
  populationOf,
  relayTokenOf,
  sessionIdOf,
  sessionTokenOf,
  type Population,
} from '../population.ts'
import type { commands as responding } from '../responder.child.ts'
import { median, percentile } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'

const DOCUMENTS = 'documents' as Audience
const FEW = 1_000
const ATTEMPTS = 5
const ECHO_SUBJECT = 'bench.echo'
const BASELINE = 'fast-jwt HS256, no cache'

interface Remembering {
  readonly verifier: Verifier
  readonly remember: () => Promise<void>
}

interface Contender {
  readonly label: string
  /** Operations of one sample. */
  readonly batch: number
  readonly run: (operations: number) => void | Promise<void>
  /** After a failure: a machine that others keep busy may have cost a verifier its lease or its memory. */
  readonly recover?: () => Promise<void>
  /** Nanoseconds an operation, one for each round. */
  readonly samples: number[]
}

// Few enough to be done within the minute after which verifiers begin to ask again about what is in use.
const SIZES = {
  full: { sessions: 100_000, rounds: 150, warmUp: 10 },
  quick: { sessions: 50_000, rounds: 20, warmUp: 5 },
  tiny: { sessions: 1_200, rounds: 3, warmUp: 1 },
}

export const check: Benchmark = { name: 'check', seconds: { full: 30, quick: 10 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { sessions, rounds, warmUp } = SIZES[size]
  const population = populationOf(sessions)
  report(`loading ${sessions} sessions`)
  await using system = await startSystem(population)
  await using stack = new AsyncDisposableStack()
  const contenders = [
    ...(await sessionContenders(system, population, stack)),
    ...(await jwtContenders(population)),
    ...(await askingContenders(system, population, stack)),
  ]
  report('measuring')
  await interleaved(contenders, warmUp, async (one) => void (await nsEach(one)))
  await interleaved(contenders, rounds, async (one) => {
    one.samples.push(await nsEach(one))
  })
  const rows = await rowsOf(contenders)
  return outcomeOf(rows, sessions, rounds)
}

/** Nanoseconds an operation, of one batch. */
async function nsEach({ run: work, batch, recover }: Contender): Promise<number> {
  for (let attempt = 1; ; attempt += 1)
    try {
      const startedAtNs = process.hrtime.bigint()
      const done = work(batch)
      if (done !== undefined) await done
      return Number(process.hrtime.bigint() - startedAtNs) / batch
    } catch (error) {
      if (recover === undefined || attempt === ATTEMPTS) throw error
      await recover()
    }
}

async function sessionContenders(
  system: System,
  { sessions }: Population,
  stack: AsyncDisposableStack,
): Promise<Contender[]> {
  const open = async (audience: Audience, tokenOf: (index: number) => string): Promise<Remembering> => {
    const url = system.servers.natsUrl(audience === GATEWAY_AUDIENCE ? 'gateway' : 'documents')
    const nc = await connectMessaging({ url, name: 'bench' })
    stack.defer(() => nc.close())
    const verifier = await createVerifier({ nc, audience, logger: silent })
    stack.defer(() => verifier.close())
    const remember = async (): Promise<void> => {
      await fill(verifier, { from: 0, sessions }, tokenOf)
      // A hit is a token that was checked before.
      for (let index = 0; index < sessions; index += 1) await verifier.check(tokenOf(index))
    }
    await remember()
    return { verifier, remember }
  }
  const gateway = await open(GATEWAY_AUDIENCE, sessionTokenOf)
  const service = await open(DOCUMENTS, (index) => relayTokenOf(index, DOCUMENTS))
  const tokens = Array.from({ length: sessions }, (_, index) => sessionTokenOf(index))
  const relays = Array.from({ length: sessions }, (_, index) => relayTokenOf(index, DOCUMENTS))
  return [
    checking(`session token, 1 of ${sessions}`, gateway, tokens),
    checking(`session token, 1 of ${FEW}`, gateway, tokens.slice(0, FEW)),
    checking(`relay token, 1 of ${sessions}`, service, relays),
    checking(`relay token, 1 of ${FEW}`, service, relays.slice(0, FEW)),
  ]
}

function checking(label: string, { verifier, remember }: Remembering, tokens: readonly string[]): Contender {
  const next = shuffled(tokens)
  const work = (operations: number): void => {
    for (let nth = 0; nth < operations; nth += 1) {
      const verdict = verifier.check(next())
      if (verdict instanceof Promise || verdict.kind !== 'admitted')
        throw new Error('not answered from memory')
    }
  }
  return { ...contender(label, 2_000, work), recover: remember }
}

async function jwtContenders(population: Population): Promise<Contender[]> {
  const { sessions } = population
  const contenders: Contender[] = []
  const add = async (peer: JwtPeer, { tokens, batch }: { tokens: number; batch: number }): Promise<void> => {
    const signed: string[] = []
    for (let index = 0; index < tokens; index += 1) {
      const { tenant, user } = ownerOf(index, population)
      const roles = ['role-1', 'role-8']
      signed.push(await peer.sign({ sub: user, sid: sessionIdOf(index), tenant, roles }))
    }
    // What a cache can hold is in it.
    if (tokens === sessions) for (const token of signed) peer.verify(token)
    const next = shuffled(signed)
    contenders.push(
      contender(peer.label, batch, async (operations) => {
        for (let nth = 0; nth < operations; nth += 1) {
          const verified = peer.verify(next())
          // Only who answers later is waited for.
          if (verified instanceof Promise) await verified
        }
      }),
    )
  }
  await add(fastJwt(0), { tokens: sessions, batch: 400 })
  await add(fastJwt(sessions), { tokens: sessions, batch: 1_000 })
  for (const algorithm of ['HS256', 'Ed25519', 'ES256'] as const)
    await add(await jose(algorithm), { tokens: FEW, batch: 40 })
  return contenders
}

/** What a check costs at least that asks somebody each time. */
async function askingContenders(
  { redis, servers }: System,
  { sessions }: Population,
  stack: AsyncDisposableStack,
): Promise<Contender[]> {
  const next = shuffled(Array.from({ length: sessions }, (_, index) => KEYS.session(sessionIdOf(index))))
  const responder = stack.use(startChild<typeof responding>('responder.child.ts'))
  await responder.call('start', { url: servers.natsUrl('admin'), subject: ECHO_SUBJECT })
  const nc = await connectMessaging({ url: servers.natsUrl('admin'), name: 'bench' })
  stack.defer(() => nc.close())
  return [
    contender('Redis, one field of a session', 40, async (operations) => {
      for (let nth = 0; nth < operations; nth += 1) await redis.hget(next(), 'h')
    }),
    contender('NATS, one round trip', 40, async (operations) => {
      for (let nth = 0; nth < operations; nth += 1) await nc.request(ECHO_SUBJECT, next())
    }),
  ]
}

function contender(label: string, batch: number, work: Contender['run']): Contender {
  return { label, batch, run: work, samples: [] }
}

/**
 * One after the other, in an order in which no cache of the processor holds what is remembered of them. The tokens
 * themselves lie in memory in that order, since a server has just read them from a socket.
 */
function shuffled(tokens: readonly string[]): () => string {
  const order = tokens
    .map((token) => ({ token, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ token }) => Buffer.from(token).toString('latin1'))
  let at = 0
  return () => {
    at = at + 1 === order.length ? 0 : at + 1
    return order[at] ?? ''
  }
}

async function rowsOf(contenders: readonly Contender[]): Promise<Row[]> {
  const baseline = contenders.find(({ label }) => label === BASELINE)
  const baselineNs = median(baseline?.samples ?? [])
  const rows: Row[] = []
  for (const { label, batch, run: work, samples, recover } of contenders) {
    const ns = median(samples)
    await recover?.()
    rows.push({
      label,
      figures: {
        ns,
        p99: percentile(samples, 0.99),
        perSecond: 1e9 / ns,
        ratio: ns / baselineNs,
        bytes: await allocatedBytes(work, Math.min(batch, 400)),
      },
      samples,
    })
  }
  return rows
}

function outcomeOf(rows: readonly Row[], sessions: number, rounds: number): Outcome {
  const [mine] = rows
  const hitNs = mine?.figures['ns'] ?? Number.NaN
  return {
    title: 'One check',
    method: `Medians of ${rounds} rounds; in each, everyone does one batch, in turns. p99 is that of the batches' means.`,
    columns: [
      { key: 'ns', title: 'ns each', digits: 0 },
      { key: 'p99', title: 'p99 ns', digits: 0 },
      { key: 'perSecond', title: 'per second', digits: 0 },
      { key: 'ratio', title: 'to fast-jwt', digits: 3 },
      { key: 'bytes', title: 'bytes allocated', digits: 0 },
    ],
    rows,
    goals: [
      {
        text: `A hit (session token, 1 of ${sessions}), in times of fast-jwt HS256 without cache`,
        measured: hitNs / figureOf(rows, BASELINE, 'ns'),
        atMost: 1 / 4,
        digits: 3,
      },
      {
        text: `A hit (session token, 1 of ${sessions}), in times of jose Ed25519`,
        measured: hitNs / figureOf(rows, 'jose Ed25519', 'ns'),
        atMost: 1 / 50,
        digits: 4,
      },
    ],
    plot: { key: 'ns', title: 'Nanoseconds of one check', scale: 'log' },
  }
}
