/**
 * ④ A session service, as a process, on real servers with a population of sessions, and the operator who revokes them.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import {
  CREATE_SESSION,
  PREPARE_SESSION,
  SUBJECTS,
  type ClientId,
  type Position,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { freePort, serviceChild } from '@curfew/local-system'
import { ask, connectMessaging } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { Pool } from 'undici'

import { load, rolesOf, type Population } from './population.ts'
import { startBenchServers, type BenchServers } from './servers.ts'

/** The session service counts for two seconds at most. */
const COUNTED_WITHIN_MS = 5_000

const OPERATOR = { tenant: 'curfew' as TenantId, user: 'operator' as UserId }

/** What an operator is told of a revocation. */
export interface Told {
  readonly state: string
  readonly confirmed_by?: string
  readonly verifiers?: { readonly total: number; readonly lapsed: number }
  readonly elapsed_ms: number
}

export interface System extends AsyncDisposable {
  readonly servers: BenchServers
  readonly redis: Redis
  /** The processes of the session service, one for each replica. */
  readonly replicas: readonly { readonly pid: number | undefined }[]
  /** What the population takes in Redis, with all that belongs to its sessions and users. */
  readonly populationBytes: number
  /** A connection with the gateway's rights. */
  readonly nc: NatsConnection
  /** The birth of a session whose login begins now. */
  birth(): Promise<Position>
  /** `POST /v1/revocations` over a connection that is kept open. @throws unless the answer is a confirmation */
  readonly revoke: (scope: object) => Promise<{ told: Told; tookMs: number }>
}

/** @param replicas of the session service; requests over HTTP go to them in turn */
export async function startSystem(population: Population, replicas = 1): Promise<System> {
  await using stack = new AsyncDisposableStack()
  const servers = stack.use(await startBenchServers())
  const sessions = []
  for (let nth = 0; nth < replicas; nth += 1)
    sessions.push(await startSessionService(servers, { population, name: `session-${nth + 1}` }, stack))
  const redis = new Redis(servers.redisUrl('admin'))
  stack.defer(() => redis.disconnect())
  const nc = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'bench' })
  stack.defer(() => nc.close())
  const pools = sessions.map(({ url }) => new Pool(url, { connections: 64 }))
  for (const pool of pools) stack.defer(() => pool.destroy())
  let turn = 0

  const birth = async (): Promise<Position> =>
    (await ask(nc, PREPARE_SESSION, SUBJECTS.prepareSession, {})).birth
  const emptyBytes = await usedBytes(redis)
  await load(redis, population, await birth())
  const populationBytes = (await usedBytes(redis)) - emptyBytes
  let token = await operatorToken(nc, await birth())

  async function revoke(scope: { readonly type?: string }): Promise<{ told: Told; tookMs: number }> {
    const startedAtMs = performance.now()
    const { statusCode, body } = await poolOf(pools, (turn += 1)).request({
      method: 'POST',
      path: '/v1/revocations',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope, reason: 'bench' }),
    })
    const text = await body.text()
    const tookMs = performance.now() - startedAtMs
    if (statusCode !== 200) throw new Error(`a revocation was answered with ${statusCode}: ${text}`)
    const told = JSON.parse(text) as Told & { readonly revocation: { readonly id: string } }
    if (scope.type === 'global') {
      // Everyone includes the operator.
      token = await operatorToken(nc, await birth())
      const lastMs = performance.now() + COUNTED_WITHIN_MS
      while (!(await isCounted(told.revocation.id)) && performance.now() < lastMs) await pause(50)
    }
    return { told, tookMs }
  }

  /** Until then the session service takes what the revocation has ended from the lists of its users. */
  async function isCounted(revocation: string): Promise<boolean> {
    const { body } = await poolOf(pools, 0).request({
      method: 'GET',
      path: `/v1/revocations/${revocation}`,
      headers: { authorization: `Bearer ${token}` },
    })
    return ((await body.json()) as { readonly ended?: object | null }).ended != null
  }

  const owned = stack.move()
  return {
    servers,
    redis,
    replicas: sessions.map(({ child }) => child),
    populationBytes,
    nc,
    birth,
    revoke,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function poolOf(pools: readonly Pool[], turn: number): Pool {
  const pool = pools[turn % pools.length]
  if (pool === undefined) throw new RangeError('no replica')
  return pool
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? Number.NaN)
}

async function operatorToken(nc: NatsConnection, birth: Position): Promise<string> {
  const created = await ask(nc, CREATE_SESSION, SUBJECTS.createSession, {
    ...OPERATOR,
    birth,
    client: 'api' as ClientId,
    acr: 'password',
    amr: ['pwd'],
  })
  if (created.outcome !== 'created') throw new Error(`no session for the operator: ${created.reason}`)
  return created.token
}

async function startSessionService(
  servers: BenchServers,
  { population, name }: { readonly population: Population; readonly name: string },
  stack: AsyncDisposableStack,
): Promise<{ url: string; child: ReturnType<typeof serviceChild> }> {
  const seedFile = join(servers.directory, 'seed.json')
  const grants = [{ ...OPERATOR, roles: [], permissions: ['curfew:operator'] }]
  await writeFile(seedFile, JSON.stringify({ roles: rolesOf(population), grants }))
  const ports = { public: await freePort(), operations: await freePort() }
  const child = serviceChild({
    service: 'session',
    name,
    directory: servers.directory,
    ports,
    settings: {
      SESSION_SEED_FILE: seedFile,
      SESSION_OPERATOR_CALLS_PER_MINUTE: '10000000',
      CURFEW_NATS_URL: servers.natsUrl('session'),
      CURFEW_REDIS_URL: servers.redisUrl('session'),
    },
  })
  stack.defer(() => child.stop())
  await child.restart()
  return { url: `http://127.0.0.1:${ports.public}`, child }
}
