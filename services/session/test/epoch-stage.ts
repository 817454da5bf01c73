/** ④ ⑤ A session authority whose log can be put back to an older state, and the command that opens a new epoch. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cp, rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { parsePosition } from '@curfew/contracts'
import { connectMessaging, isConnected } from '@curfew/messaging'
import { connectRedis } from '@curfew/service-kit/redis'
import { leashed, startProcessServers, type ProcessServers } from '@curfew/test-kit'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'

import { untilReady } from '../src/adapters/redis/redis-boot.ts'
import { openEpoch, type EpochStep, type OpenedEpoch } from '../src/commands/open-epoch.ts'
import { setStage, until, type Replica, type Stage } from './stage.ts'

/** So short that a test can wait for the end of every lease. */
const LEASE_MS = 1_500
export const ENV = { SESSION_LEASE_MS: String(LEASE_MS) }

export interface CommandResult {
  readonly code: number
  readonly json: Record<string, unknown>
}

export class EpochStage implements AsyncDisposable {
  readonly stage: Stage
  readonly #servers: ProcessServers

  private constructor(stage: Stage, servers: ProcessServers) {
    this.stage = stage
    this.#servers = servers
  }

  static async set(): Promise<EpochStage> {
    const starting = startProcessServers()
    return new EpochStage(await setStage(starting), await starting)
  }

  start(): Promise<Replica> {
    return this.stage.start(ENV)
  }

  /** NATS is stopped for it, so that the copy is whole. */
  async copyLog(): Promise<void> {
    const { nats: store } = this.#servers.storeDirectories
    await this.#servers.nats.kill('SIGKILL')
    await cp(store, `${store}-copy`, { recursive: true })
    await this.#servers.nats.restart()
    await this.stage.reconnected()
  }

  async putLogBack(): Promise<void> {
    const { nats: store } = this.#servers.storeDirectories
    await this.#servers.nats.kill('SIGKILL')
    await rm(store, { recursive: true })
    await cp(`${store}-copy`, store, { recursive: true })
    await this.#servers.nats.restart()
    const { gateway, documents, files } = this.stage
    await until('everyone is connected', () => [gateway, documents, files].every(isConnected))
  }

  /** @returns puts Redis back to what it holds now. */
  async copyRedis(): Promise<() => Promise<void>> {
    const { redis } = this.stage
    await until('Redis knows where it stands', async () => (await redis.exists('curfew:applied')) === 1)
    const keys = await redis.keys('curfew:*')
    const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)))
    return async () => {
      const transaction = redis.multi().flushall()
      for (const [index, key] of keys.entries()) transaction.restore(key, 0, dumps[index] as Buffer)
      await transaction.exec()
    }
  }

  /** What replicas do that notice nothing: their barriers carry the log past whatever Redis was told of it. */
  async carryPastRedis(): Promise<void> {
    const told = parsePosition((await this.stage.redis.get('curfew:applied')) ?? '')?.seq ?? 0
    const head = { v: 1, type: 'barrier', at: '', actor: 'system', replica: 'session-other' }
    await this.administrate(async (jsm) => {
      const store = async (): Promise<number> => {
        const id = `barrier-${randomUUID()}`
        const subject = `curfew.${this.stage.epoch}.log.barrier.session-other`
        return (await jsm.jetstream().publish(subject, JSON.stringify({ ...head, id }), { msgID: id })).seq
      }
      while ((await store()) <= told);
    })
  }

  async frozen(replica: Replica): Promise<void> {
    await until('the replica is frozen', () => replica.lines.some((line) => line.includes('"log.frozen"')))
    await until('it is not ready', async () => !(await replica.isReady()))
  }

  /** Everybody has found the epoch. */
  async servedIn(epoch: number): Promise<void> {
    this.stage.epoch = epoch
    for (const replica of this.stage.replicas) await until('it is ready', () => replica.isReady())
    await until('somebody answers in it', async () =>
      (await this.stage.prepare()).startsWith(`00000${epoch}.`),
    )
  }

  async administrate<T>(act: (jsm: JetStreamManager) => Promise<T>): Promise<T> {
    const nc = await connectMessaging({ url: this.#servers.natsUrl('admin'), name: 'admin' })
    try {
      return await act(await jetstreamManager(nc))
    } finally {
      await nc.close()
    }
  }

  /** The command itself, as a process. */
  command(...args: string[]): Promise<CommandResult> {
    return this.#run('new-epoch', args)
  }

  /** The command that makes somebody an operator again. */
  recover(...args: string[]): Promise<CommandResult> {
    return this.#run('recover-operator', args)
  }

  async #run(program: string, args: readonly string[]): Promise<CommandResult> {
    const main = fileURLToPath(new URL(`../src/commands/${program}.ts`, import.meta.url))
    const child = leashed(
      spawn(process.execPath, [main, '--json', ...args], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: {
          ...ENV,
          CURFEW_NATS_URL: this.#servers.natsUrl('session'),
          CURFEW_REDIS_URL: this.#servers.redisUrl('session'),
        },
      }),
    )
    const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    return { code: code as number, json: out === '' ? {} : (JSON.parse(out) as Record<string, unknown>) }
  }

  /** What the command does, in this process, so that it can be ended at any step. */
  async open(onStep?: (step: EpochStep) => Promise<void> | void): Promise<OpenedEpoch> {
    const nc = await connectMessaging({ url: this.#servers.natsUrl('session'), name: 'new-epoch' })
    const redis = connectRedis({ url: this.#servers.redisUrl('session'), name: 'new-epoch' })
    try {
      await untilReady(redis)
      return await openEpoch({ nc, redis, leaseMs: LEASE_MS }, onStep)
    } finally {
      redis.disconnect()
      await nc.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]()
  }
}

/** The answer, from a replica that a busy machine may keep without a lease for a moment. */
export async function answered<T>(ask: () => Promise<T>): Promise<T> {
  const answers: T[] = []
  await until('somebody answers', async () => {
    answers.push(await ask())
    return true
  })
  return answers[0] as T
}
