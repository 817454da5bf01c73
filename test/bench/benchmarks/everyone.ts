/** ④ ⑤ What it costs to revoke everyone, however many sessions there are. */
import { isSessionId, subjectKey } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import { KEYS } from '../../../services/session/src/adapters/redis/redis-keys.ts'
import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startChild } from '../child.ts'
import { requireLive } from '../liveness.ts'
import { ownerOf, populationOf, revive, sessionIdOf, type Population } from '../population.ts'
import { median, percentile } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands } from '../verifiers.child.ts'

const SIZES = {
  full: { steps: [10_000, 100_000, 1_000_000], rounds: 3 },
  quick: { steps: [1_000, 20_000], rounds: 2 },
  tiny: { steps: [100, 300], rounds: 1 },
}

const VERIFIERS = 5
/** Sessions revoked one by one in each round, before everyone is. */
const SINGLE = 5
const LOOKED_AT = 100
const REMEMBERED = 1_000
const USERS_AT_ONCE = 500

export const everyone: Benchmark = { name: 'everyone', seconds: { full: 80, quick: 10 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { steps, rounds } = SIZES[size]
  const rows: Row[] = []
  for (const sessions of steps) {
    report(`loading ${sessions} sessions`)
    rows.push(...(await rowsFor(populationOf(sessions), rounds, report)))
  }
  return outcomeOf(rows, steps, rounds)
}

async function rowsFor(population: Population, rounds: number, report: Progress): Promise<Row[]> {
  const { sessions } = population
  await using system = await startSystem(population)
  await using verifiers = startChild<typeof commands>('verifiers.child.ts')
  const url = system.servers.natsUrl('documents')
  await verifiers.call('open', { url, verifiers: VERIFIERS })
  await verifiers.call('remember', { from: 0, sessions: Math.min(sessions, REMEMBERED) })
  const [single, all]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0) await revive(system.redis, population, await system.birth())
    report(`round ${round + 1} of ${rounds}`)
    await revokeRound(system, { sessions, round }, { single, all })
  }
  const unlinkMs = await scanAndUnlink(system.redis, sessions)
  // Their keys are there again, with little in them.
  await revive(system.redis, population, await system.birth())
  const byUserMs = await unlinkByUser(system.redis, population)
  const row = (label: string, samples: readonly number[]): Row => ({
    label: `${sessions.toLocaleString('en-US')} sessions: ${label}`,
    figures: {
      median: median(samples),
      most: percentile(samples, 1),
      ratio: median(samples) / median(single),
    },
    samples,
  })
  return [
    row('one of them', single),
    row('everyone', all),
    row('SCAN and UNLINK of their keys instead', [unlinkMs]),
    row('UNLINK user by user instead', [byUserMs]),
  ]
}

async function revokeRound(
  system: System,
  { sessions, round }: { sessions: number; round: number },
  { single, all }: { single: number[]; all: number[] },
): Promise<void> {
  // Those revoked one by one are deleted, and stay so: each round takes others.
  const first = round * SINGLE
  for (let nth = first; nth < first + SINGLE; nth += 1)
    single.push((await system.revoke({ type: 'session', session: sessionIdOf(nth) })).tookMs)
  const sample = Array.from({ length: Math.min(LOOKED_AT, sessions / 2) }, (_, nth) =>
    sessionIdOf(sessions - 1 - Math.floor((nth * sessions) / 2 / LOOKED_AT)),
  )
  await requireLive(system.nc, sample, true)
  all.push((await system.revoke({ type: 'global' })).tookMs)
  await requireLive(system.nc, sample, false)
}

/** What a store of sessions without watermarks has to do. @returns milliseconds */
async function scanAndUnlink(redis: Redis, sessions: number): Promise<number> {
  const startedAtMs = performance.now()
  const match = KEYS.session('*' as Parameters<typeof KEYS.session>[0])
  let [cursor, unlinked] = ['0', 0]
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', match, 'COUNT', 1_000)
    cursor = next
    if (keys.length > 0) unlinked += await redis.unlink(...keys)
  } while (cursor !== '0')
  if (unlinked < sessions / 2) throw new Error(`only ${unlinked} of ${sessions} sessions were found`)
  return performance.now() - startedAtMs
}

/** What stores do that keep a list of sessions for each user. @returns milliseconds */
async function unlinkByUser(redis: Redis, population: Population): Promise<number> {
  const startedAtMs = performance.now()
  let unlinked = 0
  for (let from = 0; from < population.users; from += USERS_AT_ONCE) {
    const users = Array.from({ length: Math.min(USERS_AT_ONCE, population.users - from) }, (_, nth) => {
      const { tenant, user } = ownerOf(from + nth, population)
      return KEYS.subject(subjectKey(tenant, user))
    })
    const asked = redis.pipeline()
    for (const user of users) asked.hkeys(user)
    const found = ((await asked.exec()) ?? []).map(([, fields]) => (fields as string[]).filter(isSessionId))
    const struck = redis.pipeline().unlink(...found.flat().map((id) => KEYS.session(id)))
    for (const [nth, ids] of found.entries()) struck.hdel(users[nth] ?? '', ...ids)
    unlinked += Number((await struck.exec())?.[0]?.[1])
  }
  if (unlinked < population.sessions / 2)
    throw new Error(`only ${unlinked} sessions were found by their users`)
  return performance.now() - startedAtMs
}

function outcomeOf(rows: readonly Row[], steps: readonly number[], rounds: number): Outcome {
  const most = Math.max(...steps).toLocaleString('en-US')
  return {
    title: 'Revoking everyone',
    method:
      `Milliseconds until \`POST /v1/revocations\` has answered \`confirmed\`, with ${VERIFIERS} verifiers; ${rounds} rounds of ` +
      `${SINGLE} single sessions and then everyone, after which all sessions are made live again. Before and after, ` +
      `${LOOKED_AT} sessions are asked about. The sessions are in Redis as the session service writes them.`,
    columns: [
      { key: 'median', title: 'median ms', digits: 1 },
      { key: 'most', title: 'most', digits: 1 },
      { key: 'ratio', title: 'to one session', digits: 2 },
    ],
    rows,
    goals: [
      {
        text: `Everyone, with ${most} sessions, in times of one session`,
        measured: figureOf(rows, `${most} sessions: everyone`, 'ratio'),
        atMost: 1.5,
        digits: 2,
      },
    ],
    plot: { key: 'median', title: 'Milliseconds until nobody is let in any more', scale: 'log' },
  }
}
