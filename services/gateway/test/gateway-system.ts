/**
 * ① A gateway for tests: composed in this process, with the real session service beside it as a process, over real
 * NATS and Redis, and one recording service behind it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Audience, ClientId } from '@curfew/contracts'
import {
  createDevelopmentIdentities,
  freePort,
  leashed,
  type DevelopmentIdentities,
} from '@curfew/local-system'
import { createLogger } from '@curfew/service-kit'
import {
  BearerClient,
  BrowserClient,
  HttpClient,
  expectJson,
  startTestServers,
  type TestServers,
} from '@curfew/test-kit'
import { vi } from 'vitest'

import { composeGateway } from '../src/compose.ts'
import type { GatewayConfig } from '../src/config.ts'
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts'

export interface GatewaySystem {
  readonly url: string
  readonly operationsUrl: string
  readonly sessionUrl: string
  readonly servers: TestServers
  readonly upstream: RecordingUpstream
  readonly identities: DevelopmentIdentities
  /** Every line that the gateway has logged. */
  readonly log: string[]
  /** The session service; `restart` resolves when it answers again. */
  readonly session: { kill(signal: NodeJS.Signals): Promise<void>; restart(): Promise<void> }
  credentials(username: string): { tenant: string; username: string; password: string }
  loginAsProgram(username: string): Promise<BearerClient>
  loginAsBrowser(username: string): Promise<BrowserClient>
  stop(): Promise<void>
}

export const COOKIE = '__Host-session'
export const BODY_BYTES_MAX = 1024 * 1024
export const UPSTREAM_TIMEOUT_MS = 1_500

export async function startGatewaySystem(): Promise<GatewaySystem> {
  const directory = await mkdtemp(join(tmpdir(), 'curfew-gateway-'))
  const servers = await startTestServers()
  const identities = await createDevelopmentIdentities(directory)
  const session = await startSessionService(servers, identities)
  const upstream = await startRecordingUpstream()

  const log: string[] = []
  const logger = createLogger(
    { service: 'gateway', level: 'debug' },
    { write: (line) => void log.push(line) },
  )
  const config = await configFor(servers, identities, upstream)
  const gateway = await composeGateway(config, logger)
  const url = await gateway.app.listen(config.listen)
  const operationsUrl = gateway.app.operationsUrl()
  await vi.waitFor(async () => expectJson(await fetch(`${operationsUrl}/readyz`), 200), 10_000)

  const credentials = (username: string): { tenant: string; username: string; password: string } => {
    const account = identities.accounts.find((one) => one.username === username)
    if (account === undefined) throw new Error(`nobody is called ${username} here`)
    return { tenant: account.tenant, username, password: account.password }
  }
  return {
    url,
    operationsUrl,
    sessionUrl: session.url,
    servers,
    upstream,
    identities,
    log,
    session,
    credentials,
    async loginAsProgram(username) {
      const response = await new HttpClient(url).post('/login', { ...credentials(username), client: 'api' })
      return new BearerClient(url, (await expectJson<{ token: string }>(response, 200)).token)
    },
    async loginAsBrowser(username) {
      const browser = new BrowserClient(url)
      const response = await browser.post('/login', credentials(username))
      browser.csrfToken = (await expectJson<{ csrf_token: string }>(response, 200)).csrf_token
      return browser
    },
    async stop() {
      await gateway.close()
      await upstream.close()
      await session.kill('SIGTERM')
      await servers.stop()
      await rm(directory, { recursive: true })
    },
  }
}

async function configFor(
  servers: TestServers,
  { files }: DevelopmentIdentities,
  upstream: RecordingUpstream,
): Promise<GatewayConfig> {
  return {
    listen: { host: '127.0.0.1', port: await freePort() },
    operations: { host: '127.0.0.1', port: 0 },
    drainDelayMs: 0,
    logLevel: 'debug',
    natsUrl: servers.natsUrl('gateway'),
    accountsFile: files.accounts,
    csrfKey: await readFile(files.csrfKey),
    upstreams: new Map([
      ['documents' as Audience, upstream.origin],
      ['down' as Audience, `http://127.0.0.1:${await freePort()}`],
    ]),
    upstreamTimeoutMs: UPSTREAM_TIMEOUT_MS,
    bodyBytesMax: BODY_BYTES_MAX,
    cookieName: COOKIE,
    programmaticClients: new Set(['api', 'cli'] as ClientId[]),
    recentAuthenticationSeconds: 900,
    defaultTenant: undefined,
    filesOrigin: 'https://files.example',
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
  }
}

async function startSessionService(servers: TestServers, { files }: DevelopmentIdentities) {
  const [port, operationsPort] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const env = {
    SESSION_PORT: String(port),
    SESSION_OPERATIONS_PORT: String(operationsPort),
    SESSION_LOG_LEVEL: 'warn',
    CURFEW_DRAIN_DELAY_SECONDS: '0',
    SESSION_CLIENTS_FILE: files.clients,
    SESSION_SEED_FILE: files.seed,
    CURFEW_NATS_URL: servers.natsUrl('session'),
    CURFEW_REDIS_URL: servers.redisUrl('session'),
  }
  const main = fileURLToPath(new URL('../../session/src/main.ts', import.meta.url))
  let child: ChildProcess | undefined

  async function restart(): Promise<void> {
    child = leashed(spawn(process.execPath, [main], { env, stdio: 'inherit' }))
    const readyUrl = `http://127.0.0.1:${operationsPort}/readyz`
    await vi.waitFor(async () => expectJson(await fetch(readyUrl), 200), {
      timeout: 20_000,
      interval: 100,
    })
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = once(running, 'exit')
    running.kill(signal)
    await ended
  }

  await restart()
  return { url, restart, kill }
}
