/**
 * ④ A session authority on real NATS and Redis, and those who ask it: the gateway, domain services, operators.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hash } from 'node:crypto'

import {
  CREATE_SESSION,
  END_SESSION,
  PREPARE_SESSION,
  REDEEM_CLAIM,
  RESOLVE,
  SUBJECTS,
  parseToken,
  resolveSubject,
  subjectOf,
  type Audience,
  type ClientId,
  type Position,
  type Resolved,
  type SessionId,
  type SubjectKey,
} from '@curfew/contracts'
import { ask, connectMessaging, isConnected } from '@curfew/messaging'
import { createLogger } from '@curfew/service-kit'
import { BearerClient, startTestServers, type TestServers } from '@curfew/test-kit'
import type { NatsConnection } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import type { Static } from 'typebox'

import { compose, type Overrides, type SessionService } from '../src/compose.ts'
import { readConfig } from '../src/config.ts'

const EDITOR = ['documents:read', 'documents:write']

const SEED = {
  roles: [
    { tenant: 'acme', role: 'editor', permissions: EDITOR },
    { tenant: 'acme', role: 'viewer', permissions: ['documents:read'] },
  ],
  grants: [
    { tenant: 'acme', user: 'alice', roles: ['editor'], permissions: ['reports:read'] },
    { tenant: 'acme', user: 'bob', roles: ['viewer'], permissions: [] },
    { tenant: 'acme', user: 'chief', roles: [], permissions: ['curfew:operator'] },
    { tenant: 'acme', user: 'granter', roles: [], permissions: ['curfew:grants'] },
    { tenant: 'acme', user: 'reader', roles: [], permissions: ['curfew:read'] },
    // Nobody has defined this role in globex.
    { tenant: 'globex', user: 'carol', roles: ['viewer'], permissions: [] },
    { tenant: 'globex', user: 'chief', roles: [], permissions: ['curfew:operator'] },
    { tenant: 'curfew', user: 'operator', roles: [], permissions: ['curfew:operator'] },
  ],
}

export const BACKEND = { id: 'backend', secret: 'correct horse battery staple' }
/** Is told about reports and about nobody outside acme, and begins no sessions. */
export const REPORTER = { id: 'reporter', secret: 'tr0ub4dor and three' }
/** Is told nothing, and begins sessions of acme at the lowest level. */
export const CREATOR = { id: 'creator', secret: 'no questions asked' }
/** Its sessions may act as operators'. */
export const SIGN_ON = { id: 'sign-on', secret: 'one password for everything' }
const clientOf = ({ id, secret }: typeof BACKEND, rest: object = {}): object => ({
  id,
  secret_sha256: hash('sha256', secret, 'base64url'),
  ...rest,
})
const CLIENTS = {
  clients: [
    clientOf(BACKEND, { sessions: { tenants: '*', max_acr: '*' }, introspect: {} }),
    clientOf(REPORTER, { introspect: { permissions: ['reports:'], tenants: ['acme'] } }),
    clientOf(CREATOR, { sessions: { tenants: ['acme'], max_acr: 'aal1', operators: false } }),
    clientOf(SIGN_ON, { sessions: { tenants: ['acme', 'curfew'], max_acr: 'aal2', operators: true } }),
  ],
}

type CreateRequest = Partial<Static<typeof CREATE_SESSION.question>>
export type Created = Extract<Static<typeof CREATE_SESSION.answer>, { outcome: 'created' }>

/** A clock that tests may move. */
export class TestClock {
  aheadMs = 0
  nowMs(): number {
    return Date.now() + this.aheadMs
  }
}

export interface Replica {
  readonly service: SessionService
  readonly url: string
  readonly operationsUrl: string
  /** Everything it has logged. */
  readonly lines: string[]
  as(session: { readonly token: string }): BearerClient
  isReady(): Promise<boolean>
}

export class Stage implements AsyncDisposable {
  readonly servers: TestServers
  readonly gateway: NatsConnection
  readonly documents: NatsConnection
  readonly files: NatsConnection
  readonly redis: Redis
  readonly directory: string
  readonly replicas: Replica[] = []
  epoch = 1

  constructor(servers: TestServers, connections: NatsConnection[], directory: string) {
    const [gateway, documents, files] = connections as [NatsConnection, NatsConnection, NatsConnection]
    this.servers = servers
    this.gateway = gateway
    this.documents = documents
    this.files = files
    this.directory = directory
    this.redis = new Redis(servers.redisUrl('admin'), { lazyConnect: true })
    this.redis.on('error', () => {})
  }

  async start(env: Record<string, string> = {}, overrides: Overrides = {}): Promise<Replica> {
    const lines: string[] = []
    const logger = createLogger(
      { service: 'session', level: 'trace' },
      { write: (line) => void lines.push(line) },
    )
    const config = readConfig({
      SESSION_PORT: '0',
      SESSION_OPERATIONS_PORT: '0',
      SESSION_SEED_FILE: join(this.directory, 'seed.json'),
      SESSION_CLIENTS_FILE: join(this.directory, 'clients.json'),
      CURFEW_NATS_URL: this.servers.natsUrl('session'),
      CURFEW_REDIS_URL: this.servers.redisUrl('session'),
      ...env,
    })
    const service = await compose(config, logger, overrides)
    const { port } = service.app.server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const operationsUrl = service.app.operationsUrl()
    const replica = {
      service,
      url,
      operationsUrl,
      lines,
      as: (session: { token: string }) => new BearerClient(url, session.token),
      isReady: async () => (await fetch(`${operationsUrl}/readyz`)).ok,
    }
    this.replicas.push(replica)
    return replica
  }

  async stop(replica: Replica): Promise<void> {
    this.replicas.splice(this.replicas.indexOf(replica), 1)
    await replica.service.close()
  }

  async prepare(): Promise<Position> {
    return (await ask(this.gateway, PREPARE_SESSION, SUBJECTS.prepareSession, {})).birth
  }

  async tryCreate(who: string, request: CreateRequest = {}): Promise<Static<typeof CREATE_SESSION.answer>> {
    const { tenant, user } = subjectOf(who as SubjectKey)
    const birth = request.birth ?? (await this.prepare())
    return ask(this.gateway, CREATE_SESSION, SUBJECTS.createSession, {
      birth,
      tenant,
      user,
      client: 'cli' as ClientId,
      acr: 'password',
      amr: ['pwd'],
      ...request,
    })
  }

  /** A new session for `tenant/user`. */
  async login(who: string, request: CreateRequest = {}): Promise<Created> {
    const answer = await this.tryCreate(who, request)
    if (answer.outcome !== 'created') throw new Error(`refused: ${answer.reason}`)
    return answer
  }

  async resolve(
    ids: readonly SessionId[],
    audience: 'gateway' | 'documents' = 'gateway',
    passive: readonly SessionId[] = [],
  ): Promise<Resolved[]> {
    const nc = audience === 'gateway' ? this.gateway : this.documents
    const subject = resolveSubject(this.epoch, audience as Audience)
    return (await ask(nc, RESOLVE, subject, { sessions: [...ids], minSeq: 0, passive: [...passive] }))
      .sessions
  }

  /** `live`, or why not. */
  async statusOf({ token }: { readonly token: string }): Promise<string> {
    const [resolved] = await this.resolve([sessionIdOf(token)])
    if (resolved === undefined) throw new Error('no answer')
    return resolved.status === 'refused' ? resolved.reason : resolved.status
  }

  /** Asks until the answer is one of these. Fails at once when one is heard that must never be. */
  async settles(
    of: { readonly token: string },
    to: readonly string[],
    never: readonly string[],
  ): Promise<void> {
    let heard = ''
    await until(`status ${to.join(' or ')}`, async () => {
      heard = await this.statusOf(of).catch(() => 'unavailable')
      return to.includes(heard) || never.includes(heard)
    })
    if (never.includes(heard)) throw new Error(`the session was said to be ${heard}`)
  }

  revokeUser(by: BearerClient, user: string): Promise<Response> {
    return by.post('/v1/revocations', { scope: { type: 'user', tenant: 'acme', user }, reason: 'test' })
  }

  async permissionsOf({ token }: { readonly token: string }): Promise<readonly string[]> {
    const [resolved] = await this.resolve([sessionIdOf(token)])
    return resolved?.status === 'live' ? resolved.session.permissions : []
  }

  async logout({ token }: { readonly token: string }): Promise<string> {
    const session = sessionIdOf(token)
    const question = { session, actor: 'acme/alice', reason: 'logout' }
    return (await ask(this.gateway, END_SESSION, SUBJECTS.endSession, question, { timeoutMs: 10_000 })).state
  }

  async redeem(
    of: Created,
    claimId: string,
    changes: Partial<Static<typeof REDEEM_CLAIM.question>> = {},
  ): Promise<string> {
    const { id: session, tenant, user } = of.session
    const expiresAtSeconds = Math.floor(Date.now() / 1_000) + 60
    const question = { issuer: 'documents', claimId, expiresAtSeconds, session, tenant, user, ...changes }
    return (await ask(this.files, REDEEM_CLAIM, SUBJECTS.redeemClaim, question)).outcome
  }

  /**
   * Ends Redis by force, once it has handed everything to the operating system: under load it keeps the last writes back
   * for a second or two, and what a test is about would be lost with them.
   */
  async killRedis(): Promise<void> {
    await until('Redis has written everything', async () =>
      /^aof_buffer_length:0\r?$/m.test(await this.redis.info('persistence')),
    )
    await this.servers.redis.kill('SIGKILL')
  }

  /** The gateway and the other services have found the restarted NATS, and it has found the replicas. */
  async reconnected(): Promise<void> {
    const connections = [this.gateway, this.documents, this.files]
    await until('everyone is connected', () => connections.every(isConnected))
    await until('somebody answers', async () => (await this.prepare()) !== undefined)
    for (const replica of this.replicas) await until('it is ready', () => replica.isReady())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { service } of this.replicas) await service.close()
    await Promise.all([this.gateway, this.documents, this.files].map((nc) => nc.close()))
    this.redis.disconnect()
    await this.servers.stop()
    await rm(this.directory, { recursive: true, force: true })
  }
}

export async function setStage(started: Promise<TestServers> = startTestServers()): Promise<Stage> {
  const servers = await started
  const directory = await mkdtemp(join(tmpdir(), 'curfew-session-'))
  await writeFile(join(directory, 'seed.json'), JSON.stringify(SEED))
  await writeFile(join(directory, 'clients.json'), JSON.stringify(CLIENTS))
  const users = ['gateway', 'documents', 'files'] as const
  const connections = await Promise.all(
    users.map((user) => connectMessaging({ url: servers.natsUrl(user), name: `test-${user}` })),
  )
  const stage = new Stage(servers, connections, directory)
  await stage.redis.connect()
  return stage
}

export function sessionIdOf(token: string): SessionId {
  const parsed = parseToken(token)
  if (parsed === undefined) throw new Error('not a token')
  return parsed.sessionId
}

/** Waits until the condition holds; what it last threw or answered is part of the failure. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  withinMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      if (await condition()) return
      last = undefined
    } catch (error) {
      last = error
    }
    await delay(20)
  }
  throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last })
}
