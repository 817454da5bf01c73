/** Real servers, connections and verifiers for one test file; what a test opens is closed after it. */
import type { Audience, SessionId } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import type { NatsConnection } from '@nats-io/transport-node'
import { Registry } from 'prom-client'
import { expect, vi } from 'vitest'

import { createVerifier, type VerifiedSession, type Verdict, type Verifier } from '../src/index.ts'
import { Authority, type AuthorityOptions } from './authority.ts'

type NatsUser = Parameters<TestServers['natsUrl']>[0]

export class Stage implements AsyncDisposable {
  readonly logged: { event: string }[] = []
  readonly servers: TestServers
  readonly #opened: { close(): Promise<void> }[] = []

  private constructor(servers: TestServers) {
    this.servers = servers
  }

  static async open(): Promise<Stage> {
    return new Stage(await startTestServers())
  }

  async connected(user: NatsUser): Promise<NatsConnection> {
    const nc = await connectMessaging({ url: this.servers.natsUrl(user), name: `test-${user}` })
    this.#opened.push(nc)
    return nc
  }

  /** Republishes entries itself, which only the broker may do elsewhere. */
  async authority(options?: AuthorityOptions): Promise<Authority> {
    return new Authority(await this.connected('admin'), options)
  }

  async verifier(
    audience: Audience,
    { user = 'admin', registry = new Registry() }: { user?: NatsUser; registry?: Registry } = {},
  ): Promise<Verifier> {
    const log = (fields: object): void => void this.logged.push(fields as { event: string })
    const logger = { info: log, warn: log, error: log }
    const verifier = await createVerifier({ nc: await this.connected(user), audience, registry, logger })
    this.#opened.push(verifier)
    return verifier
  }

  /** Closes what the test has opened, the last first. */
  async clear(): Promise<void> {
    for (const one of this.#opened.splice(0).toReversed()) await one.close()
    this.logged.length = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear()
    await this.servers.stop()
  }
}

export const kindOf = async (verdict: Verdict | Promise<Verdict>): Promise<Verdict['kind']> =>
  (await verdict).kind

export async function admittedSession(verifier: Verifier, token: string): Promise<VerifiedSession> {
  const verdict = await verifier.check(token)
  if (verdict.kind !== 'admitted') throw new Error(`not admitted but ${verdict.kind}`)
  return verdict.session
}

/** True when the check was answered from memory, with an admission. */
export function isHit(verifier: Verifier, token: string): boolean {
  const verdict = verifier.check(token)
  return !(verdict instanceof Promise) && verdict.kind === 'admitted'
}

/** Remembered under a lease: from here on checks hit, until something happens. */
export async function untilHit(verifier: Verifier, token: string, timeoutMs = 10_000): Promise<void> {
  await vi.waitFor(
    async () => {
      await verifier.check(token)
      expect(isHit(verifier, token)).toBe(true)
    },
    { timeout: timeoutMs, interval: 20 },
  )
}

export const timesAsked = (authority: Authority, session: SessionId): number =>
  authority.asked.filter((batch) => batch.includes(session)).length
