/**
 * ① The gateway for tests of its boundary: any number of replicas in this process, over real NATS, with a scripted session
 * service beside them.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ACCOUNTS_BUCKET, type Audience, type ClientId } from '@curfew/contracts'
import { createDevelopmentIdentities, freePort, type DevelopmentIdentities } from '@curfew/local-system'
import { connectMessaging } from '@curfew/messaging'
import { createLogger } from '@curfew/service-kit'
import { BrowserClient, HttpClient, expectJson, startTestServers, type TestServers } from '@curfew/test-kit'
import { Kvm, type KV } from '@nats-io/kv'

import { composeGateway } from '../src/compose.ts'
import type { GatewayConfig } from '../src/config.ts'
import { startScriptedSessionService, type ScriptedSessionService } from './scripted-session-service.ts'

export const COOKIE = '__Host-session'

export interface Replica {
  readonly url: string
  readonly operationsUrl: string
  close(): Promise<void>
}

export interface EdgeStage extends AsyncDisposable {
  readonly servers: TestServers
  readonly service: ScriptedSessionService
  readonly identities: DevelopmentIdentities
  /** What the gateway shares between replicas, seen by the administrator. */
  readonly bucket: KV
  /** Every line that any replica has logged. */
  readonly log: string[]
  start(overrides?: Partial<GatewayConfig>): Promise<Replica>
  credentials(username: string): { tenant: string; username: string; password: string }
}

export async function setEdgeStage(): Promise<EdgeStage> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'curfew-edge-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const servers = await startTestServers()
  stack.defer(() => servers.stop())
  const identities = await createDevelopmentIdentities(directory)
  const admin = await connectMessaging({ url: servers.natsUrl('gateway_admin'), name: 'test-admin' })
  stack.defer(() => admin.close())
  const bucket = await new Kvm(admin).open(ACCOUNTS_BUCKET)
  const service = await startScriptedSessionService(servers.natsUrl('session'))
  stack.defer(() => service.close())

  const log: string[] = []
  const logger = createLogger(
    { service: 'gateway', level: 'debug' },
    { write: (line) => void log.push(line) },
  )
  const standard = await standardConfig(servers.natsUrl('gateway'), identities)

  const owned = stack.move()
  return {
    servers,
    service,
    identities,
    bucket,
    log,
    async start(overrides = {}) {
      const config = { ...standard, ...overrides }
      const gateway = await composeGateway(config, logger)
      let closing: Promise<void> | undefined
      const close = (): Promise<void> => (closing ??= gateway.close())
      owned.defer(close)
      return {
        url: await gateway.app.listen(config.listen),
        operationsUrl: gateway.app.operationsUrl(),
        close,
      }
    },
    credentials(username) {
      const account = identities.accounts.find((one) => one.username === username)
      if (account === undefined) throw new Error(`nobody is called ${username} here`)
      return { tenant: account.tenant, username, password: account.password }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Limits that no test of the edge meets by accident, and one upstream that does not listen. */
async function standardConfig(natsUrl: string, identities: DevelopmentIdentities): Promise<GatewayConfig> {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    operations: { host: '127.0.0.1', port: 0 },
    drainDelayMs: 0,
    logLevel: 'debug',
    natsUrl,
    accountsFile: identities.files.accounts,
    csrfKey: await readFile(identities.files.csrfKey),
    upstreams: new Map([['down' as Audience, `http://127.0.0.1:${await freePort()}`]]),
    upstreamTimeoutMs: 1_500,
    bodyBytesMax: 1024,
    cookieName: COOKIE,
    programmaticClients: new Set(['api', 'cli'] as ClientId[]),
    defaultTenant: undefined,
    filesOrigin: undefined,
    passwordLengthMin: 15,
    limits: {
      loginsPerMinute: 100_000,
      accountLoginsPerDay: 100_000,
      loginFailuresFree: 10_000,
      loginChancesPerMinute: 0,
      tokenGuessesPerMinute: 10_000,
    },
    isTrustedProxy: () => false,
    encodedSlashes: new Set(),
    relayedHeaders: [],
    corsOrigins: new Set(),
    returnOrigins: new Set(),
    forwardAuthAudiences: new Set(),
    recentAuthenticationSeconds: 900,
  }
}

export async function openBrowser(url: string, credentials: object): Promise<BrowserClient> {
  const browser = new BrowserClient(url)
  const response = await browser.post('/login', credentials)
  browser.csrfToken = (await expectJson<{ csrf_token: string }>(response, 200)).csrf_token
  return browser
}

export async function tokenOf(url: string, credentials: object): Promise<string> {
  const response = await new HttpClient(url).post('/login', { ...credentials, client: 'api' })
  return (await expectJson<{ token: string }>(response, 200)).token
}
