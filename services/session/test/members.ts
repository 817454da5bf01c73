/**
 * ② ④ Members of the protocol as tests need them: one that behaves, one that is silent, and a replica as a process that can
 * be stopped and killed.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import {
  GATEWAY_AUDIENCE,
  JOIN,
  LEAVE,
  RENEW_LEASE,
  ackSubject,
  feedSubject,
  memberSubject,
  parseLogEntry,
  renewSubject,
  type Audience,
  type Member,
  type MemberId,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { leashed } from '@curfew/test-kit'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Static } from 'typebox'

import { until, type Stage } from './stage.ts'

const EPOCH = 1
export type RenewalAnswer = Static<typeof RENEW_LEASE.answer>

/** Joins and, unless told to be silent, renews and acknowledges like a verifier. */
export class TestMember implements AsyncDisposable {
  readonly id = `test-${randomUUID()}` as MemberId
  readonly #nc: NatsConnection
  readonly #isSilent: boolean
  /** Says nothing to so many of the entries that ask it, and does not make up for it by renewing. */
  #missed: number
  #applied = 0
  #feed: { unsubscribe(): void } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(nc: NatsConnection, { isSilent = false, missed = 0 } = {}) {
    this.#nc = nc
    this.#isSilent = isSilent
    this.#missed = missed
  }

  async join(change: Partial<Member> = {}): Promise<this> {
    this.#feed = this.#nc.subscribe(feedSubject(EPOCH), {
      callback: (_, message) => {
        this.#applied = Number(message.headers?.get('Nats-Sequence'))
        const entry = parseLogEntry(message.string())
        if (this.#isSilent || entry === undefined || !('ackTo' in entry) || entry.ackTo === undefined) return
        if (this.#missed-- > 0) return
        const ack = { member: this.id, applied: this.#applied }
        this.#nc.publish(ackSubject(EPOCH, entry.ackTo, GATEWAY_AUDIENCE), JSON.stringify(ack))
      },
    })
    const description = { kind: 'verifier', service: 'gateway', host: 'test', protocol: 1 } as const
    const member = { ...description, member: this.id, ...change }
    const subject = memberSubject(EPOCH, 'join', member.service as Audience)
    const answer = await ask(this.#nc, JOIN, subject, member)
    if ('refused' in answer) throw new Error(answer.refused)
    if (!this.#isSilent && this.#missed === 0)
      this.#timer = setInterval(() => void this.renew().catch(() => undefined), 300)
    return this
  }

  renew(): Promise<RenewalAnswer> {
    const question = { member: this.id, nonce: randomUUID(), applied: this.#applied, cachedSessions: 7 }
    return ask(this.#nc, RENEW_LEASE, renewSubject(EPOCH, GATEWAY_AUDIENCE), question)
  }

  async leave(): Promise<void> {
    await ask(this.#nc, LEAVE, memberSubject(EPOCH, 'leave', GATEWAY_AUDIENCE), { member: this.id })
  }

  // oxlint-disable-next-line require-await -- the interface asks for it
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#feed?.unsubscribe()
  }
}

/** A replica as a process of its own. */
export class ReplicaProcess implements AsyncDisposable {
  readonly url: string
  readonly operationsUrl: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number, operationsPort: number) {
    this.#child = child
    this.url = `http://127.0.0.1:${port}`
    this.operationsUrl = `http://127.0.0.1:${operationsPort}`
  }

  static async start(stage: Stage, env: Record<string, string>): Promise<ReplicaProcess> {
    const port = await freePort()
    const operationsPort = await freePort()
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
    const child = leashed(
      spawn(process.execPath, [main], {
        stdio: 'ignore',
        env: {
          SESSION_PORT: String(port),
          SESSION_OPERATIONS_PORT: String(operationsPort),
          SESSION_SEED_FILE: join(stage.directory, 'seed.json'),
          CURFEW_NATS_URL: stage.servers.natsUrl('session'),
          CURFEW_REDIS_URL: stage.servers.redisUrl('session'),
          ...env,
        },
      }),
    )
    const replica = new ReplicaProcess(child, port, operationsPort)
    await until('the process is ready', async () => (await fetch(`${replica.operationsUrl}/readyz`)).ok)
    return replica
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
