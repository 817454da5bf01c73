/**
 * ①–⑦ The one running system that all statements are shown on: two session replicas, three gateways,
 * documents, files and the console.
 */
import type { ServiceProcess } from '@curfew/local-system'
import { startTestSystem, type TestSystem } from '@curfew/test-kit'

let running: TestSystem | undefined

/** What `strictUrl` is about: a password that is recent for a second only, and pages of another origin. */
const STRICT = {
  GATEWAY_RECENT_AUTHENTICATION_SECONDS: '1',
  GATEWAY_CORS_ORIGINS: 'https://app.example',
}

/** What `limitedUrl` is about: limits that a test can reach, counted for the address in `X-Forwarded-For`. */
const LIMITED = {
  GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
  GATEWAY_LOGINS_PER_MINUTE: '10',
  // Beyond the limit nothing is left to chance.
  GATEWAY_LOGIN_CHANCES_PER_MINUTE: '0',
  GATEWAY_TOKEN_GUESSES_PER_MINUTE: '10',
}

const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'gateway-2': STRICT,
  'gateway-3': LIMITED,
}

/** Who keeps something of every request dies of it here (fuzz.ts). */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=96' }

export async function startStage(): Promise<void> {
  running = await startTestSystem({
    console: true,
    replicas: { session: 2, gateway: 3 },
    // The console builds its page before it starts, which takes more.
    envOf: (process) => ({ ...(process !== 'console' && SMALL_HEAP), ...SETTINGS[process] }),
  })
}

export async function stopStage(): Promise<void> {
  await running?.[Symbol.asyncDispose]()
  running = undefined
}

/** Tests leave it as they found it: accounts, grants and passwords are everybody's. */
export function system(): TestSystem {
  if (running === undefined) throw new Error('the system is started before the first test')
  return running
}

export function gatewayUrl(): string {
  return system().services.gateway.url
}

/** Every process that runs. */
export function everybody(): readonly ServiceProcess[] {
  return Object.values(system().services.replicas)
    .flat()
    .filter(({ pid }) => pid !== undefined)
}

/** The second gateway. */
export function strictUrl(): string {
  return urlOf('gateway', 2)
}

/** The third one. */
export function limitedUrl(): string {
  return urlOf('gateway', 3)
}

/** The second replica of the authority. */
export function otherAuthorityUrl(): string {
  return urlOf('session', 2)
}

function urlOf(service: 'gateway' | 'session', number: number): string {
  const url = system().services.replicas[service][number - 1]?.url
  if (url === undefined) throw new Error(`there is no ${service}-${number}`)
  return url
}
