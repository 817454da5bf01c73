/**
 * ① The settings of the gateway, and the only reader of its environment.
 * Promise: what starts is complete and checked; every fault is named at once.
 */
import { readFile } from 'node:fs/promises'

import { isLoopback, networksIn, trustOf } from '@curfew/browser-boundary'
import {
  AudienceSchema,
  ClientIdSchema,
  GATEWAY_AUDIENCE,
  type Audience,
  type ClientId,
} from '@curfew/contracts'
import {
  ConfigError,
  DrainDelaySeconds,
  OperationsHost,
  OperationsPort,
  loadConfig,
  type ListenAddress,
} from '@curfew/service-kit'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

import { BROWSER } from './domain/credential.ts'
import { isNeverFromClients } from './domain/relayed-headers.ts'

const perMinute = (standard: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 100_000_000, description, default: standard })

export const Settings = Type.Object({
  GATEWAY_HOST: Type.String({ description: 'Address to listen on', default: '127.0.0.1' }),
  GATEWAY_PORT: Type.Integer({
    minimum: 1,
    maximum: 65_535,
    description: 'Port of the public face',
    default: 8080,
  }),
  GATEWAY_OPERATIONS_HOST: OperationsHost,
  GATEWAY_OPERATIONS_PORT: OperationsPort(9080),
  GATEWAY_LOG_LEVEL: Type.Union(
    [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
    { description: 'Least level that is logged', default: 'info' },
  ),
  GATEWAY_ACCOUNTS_FILE: Type.String({
    minLength: 1,
    description: 'JSON file of accounts with argon2id hashes',
  }),
  GATEWAY_CSRF_KEY_FILE: Type.String({
    minLength: 1,
    description:
      'File with at least 32 random bytes, the same for all replicas; the keys of anti-forgery values, device cookies and counters are derived from it',
  }),
  GATEWAY_UPSTREAMS: Type.String({
    description:
      'name=origin[,…]: the services behind /api/<name>; the name is also the audience of their tokens',
    default: 'documents=http://127.0.0.1:8082',
  }),
  GATEWAY_ENCODED_SLASHES: Type.String({
    description: 'Services, separated by commas, whose paths may hold %2F within a segment; else that is 400',
    default: '',
  }),
  GATEWAY_UPSTREAM_TIMEOUT_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 80,
    description: 'How long a service may be silent before and during its answer',
    default: 30,
  }),
  GATEWAY_BODY_BYTES_MAX: Type.Integer({
    minimum: 1,
    description: 'Largest request body that is passed on to a service',
    default: 10_485_760,
  }),
  GATEWAY_COOKIE_NAME: Type.String({
    pattern: '^__Host-[A-Za-z0-9_-]{1,64}$',
    description: 'Name of the session cookie; browsers enforce what the prefix stands for',
    default: '__Host-session',
  }),
  GATEWAY_PROGRAMMATIC_CLIENTS: Type.String({
    description: 'Clients, separated by commas, that get a bearer token instead of a cookie',
    default: 'api,cli,console',
  }),
  GATEWAY_RECENT_AUTHENTICATION_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    description: 'How long after a password was given sessions may be ended without giving it again',
    default: 900,
  }),
  GATEWAY_DEFAULT_TENANT: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: 'Tenant of a login that names none' }),
  ),
  GATEWAY_PASSWORD_LENGTH_MIN: Type.Integer({
    minimum: 8,
    maximum: 64,
    description:
      'Least number of characters of a new password; fewer than 15 only where it is one factor of several',
    default: 15,
  }),
  GATEWAY_LOGINS_PER_MINUTE: perMinute(
    120,
    'Attempts to log in or to show a password again, of one address, known device or session in a minute',
  ),
  GATEWAY_ACCOUNT_LOGINS_PER_DAY: Type.Integer({
    minimum: 1,
    maximum: 100_000_000,
    description:
      'Logins of one account with the right password in a day, over all devices and addresses; the default is twice what a program needs that logs in each minute',
    default: 3_000,
  }),
  GATEWAY_LOGIN_FAILURES_FREE: Type.Integer({
    minimum: 1,
    maximum: 100_000_000,
    description:
      'Wrong passwords for one account within 15 minutes, of one known device or of all strangers, before each further attempt has to wait',
    default: 10,
  }),
  GATEWAY_LOGIN_CHANCES_PER_MINUTE: Type.Integer({
    minimum: 0,
    maximum: 100_000,
    description:
      'About how many attempts of strangers in a minute are let in by lot although a limit, of their address or of one account, is reached; 0 for none',
    default: 6,
  }),
  GATEWAY_TOKEN_GUESSES_PER_MINUTE: perMinute(
    200,
    'Tokens that never were, of one address in a minute, before what is refused to it is answered 429',
  ),
  GATEWAY_TRUSTED_PROXIES: Type.String({
    description: 'Addresses or networks (CIDR), separated by commas, whose X-Forwarded-* headers count',
    default: '',
  }),
  GATEWAY_RELAYED_HEADERS: Type.String({
    description:
      'Headers of clients, separated by commas, that services get besides those of the standards; `x-shop-*` for all that begin so',
    default: '',
  }),
  GATEWAY_CORS_ORIGINS: Type.String({
    description:
      'Origins, separated by commas, whose pages may call the gateway with credentials as if they were its own',
    default: '',
  }),
  GATEWAY_RETURN_ORIGINS: Type.String({
    description:
      'Origins, separated by commas, to which people may return after signing in (/login?return_to=…); paths of the gateway always do',
    default: '',
  }),
  GATEWAY_FILES_ORIGIN: Type.Optional(
    Type.String({
      description:
        'Origin of the file service, as browsers reach it; where set, there is a page for documents at /documents',
    }),
  ),
  GATEWAY_FORWARD_AUTH_AUDIENCES: Type.String({
    description: 'Services, separated by commas, whose relay tokens /forward-auth gives to trusted proxies',
    default: '',
  }),
  CURFEW_DRAIN_DELAY_SECONDS: DrainDelaySeconds,
  CURFEW_NATS_URL: Type.String({ minLength: 1, description: 'nats://user:password@host:port', secret: true }),
})

export interface GatewayConfig {
  readonly listen: ListenAddress
  readonly operations: ListenAddress
  readonly drainDelayMs: number
  readonly logLevel: string
  readonly natsUrl: string
  readonly accountsFile: string
  /** From which the keys of all purposes are derived. */
  readonly csrfKey: Buffer
  /** Origins by name. */
  readonly upstreams: ReadonlyMap<Audience, string>
  readonly encodedSlashes: ReadonlySet<Audience>
  readonly upstreamTimeoutMs: number
  readonly bodyBytesMax: number
  readonly cookieName: string
  readonly programmaticClients: ReadonlySet<ClientId>
  readonly recentAuthenticationSeconds: number
  readonly defaultTenant: string | undefined
  /** The documents page may talk to it, and to nobody else. */
  readonly filesOrigin: string | undefined
  readonly passwordLengthMin: number
  readonly limits: {
    readonly loginsPerMinute: number
    readonly accountLoginsPerDay: number
    readonly loginFailuresFree: number
    readonly loginChancesPerMinute: number
    readonly tokenGuessesPerMinute: number
  }
  readonly isTrustedProxy: (address: string) => boolean
  /** Headers of clients that services get besides those of the standards. */
  readonly relayedHeaders: readonly string[]
  readonly corsOrigins: ReadonlySet<string>
  /** Where people may return to after signing in, besides the gateway itself. */
  readonly returnOrigins: ReadonlySet<string>
  readonly forwardAuthAudiences: ReadonlySet<Audience>
}

/** @throws ConfigError */
export async function readConfig(env: NodeJS.ProcessEnv = process.env): Promise<GatewayConfig> {
  const settings = loadConfig(Settings, { env, prefixes: ['GATEWAY_', 'CURFEW_'] })
  const faults: string[] = []
  const upstreams = parseUpstreams(settings.GATEWAY_UPSTREAMS, faults)
  const programmaticClients = parseClients(settings.GATEWAY_PROGRAMMATIC_CLIENTS, faults)
  const isTrustedProxy = trustOf(
    networksIn('GATEWAY_TRUSTED_PROXIES', settings.GATEWAY_TRUSTED_PROXIES, faults),
  )
  const relayedHeaders = parseHeaderNames(settings.GATEWAY_RELAYED_HEADERS, faults)
  const corsOrigins = parseOrigins('GATEWAY_CORS_ORIGINS', settings.GATEWAY_CORS_ORIGINS, faults)
  const returnOrigins = parseOrigins('GATEWAY_RETURN_ORIGINS', settings.GATEWAY_RETURN_ORIGINS, faults)
  const forwardAuthAudiences = parseAudiences(
    'GATEWAY_FORWARD_AUTH_AUDIENCES',
    settings.GATEWAY_FORWARD_AUTH_AUDIENCES,
    faults,
  )
  const encodedSlashes = parseAudiences('GATEWAY_ENCODED_SLASHES', settings.GATEWAY_ENCODED_SLASHES, faults)
  const filesOrigin = settings.GATEWAY_FILES_ORIGIN
  if (filesOrigin !== undefined && !isOrigin(filesOrigin))
    faults.push('GATEWAY_FILES_ORIGIN is not an origin such as https://files.example')
  const csrfKey = await readKey(settings.GATEWAY_CSRF_KEY_FILE, faults)
  if (faults.length > 0) throw new ConfigError(faults)

  return {
    listen: { host: settings.GATEWAY_HOST, port: settings.GATEWAY_PORT },
    operations: { host: settings.GATEWAY_OPERATIONS_HOST, port: settings.GATEWAY_OPERATIONS_PORT },
    drainDelayMs: settings.CURFEW_DRAIN_DELAY_SECONDS * 1_000,
    logLevel: settings.GATEWAY_LOG_LEVEL,
    natsUrl: settings.CURFEW_NATS_URL,
    accountsFile: settings.GATEWAY_ACCOUNTS_FILE,
    csrfKey,
    upstreams,
    encodedSlashes,
    upstreamTimeoutMs: settings.GATEWAY_UPSTREAM_TIMEOUT_SECONDS * 1_000,
    bodyBytesMax: settings.GATEWAY_BODY_BYTES_MAX,
    cookieName: settings.GATEWAY_COOKIE_NAME,
    programmaticClients,
    recentAuthenticationSeconds: settings.GATEWAY_RECENT_AUTHENTICATION_SECONDS,
    defaultTenant: settings.GATEWAY_DEFAULT_TENANT,
    filesOrigin,
    passwordLengthMin: settings.GATEWAY_PASSWORD_LENGTH_MIN,
    limits: {
      loginsPerMinute: settings.GATEWAY_LOGINS_PER_MINUTE,
      accountLoginsPerDay: settings.GATEWAY_ACCOUNT_LOGINS_PER_DAY,
      loginFailuresFree: settings.GATEWAY_LOGIN_FAILURES_FREE,
      loginChancesPerMinute: settings.GATEWAY_LOGIN_CHANCES_PER_MINUTE,
      tokenGuessesPerMinute: settings.GATEWAY_TOKEN_GUESSES_PER_MINUTE,
    },
    isTrustedProxy,
    relayedHeaders,
    corsOrigins,
    returnOrigins,
    forwardAuthAudiences,
  }
}

function parseUpstreams(text: string, faults: string[]): Map<Audience, string> {
  const upstreams = new Map<Audience, string>()
  for (const pair of listOf(text)) {
    const [name = '', url = ''] = splitOnce(pair, '=')
    const fault = (rule: string): number => faults.push(`GATEWAY_UPSTREAMS: ${JSON.stringify(name)} ${rule}`)
    if (!Value.Check(AudienceSchema, name)) fault('is not a service name (a-z, 0-9, -)')
    else if (name === GATEWAY_AUDIENCE) fault('is the gateway itself')
    else if (upstreams.has(name)) fault('is named twice')
    else if (!isHttpOrigin(url)) fault('needs an origin such as http://127.0.0.1:8082, without a path')
    else upstreams.set(name, new URL(url).origin)
  }
  return upstreams
}

function isHttpOrigin(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, pathname, search, hash, username, password } = new URL(url)
  return /^https?:$/.test(protocol) && pathname === '/' && search + hash + username + password === ''
}

function parseClients(text: string, faults: string[]): Set<ClientId> {
  const clients = new Set<ClientId>()
  for (const name of listOf(text)) {
    if (Value.Check(ClientIdSchema, name) && name !== BROWSER) clients.add(name)
    else faults.push(`GATEWAY_PROGRAMMATIC_CLIENTS: ${JSON.stringify(name)} cannot be such a client`)
  }
  return clients
}

const MoveSettings = Type.Object({
  CURFEW_NATS_URL: Type.String({ minLength: 1, secret: true, description: "The gateway's own URL of NATS" }),
  CURFEW_NATS_ADMIN_URL: Type.String({
    minLength: 1,
    secret: true,
    description: 'URL of NATS for the administrator of the account that holds the log',
  }),
})

/** Of `move-passwords.ts`. @throws ConfigError naming every fault */
export function readMoveConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Static<typeof MoveSettings>> {
  return loadConfig(MoveSettings, { env, prefixes: ['GATEWAY_MOVE_', 'CURFEW_'] })
}

function parseOrigins(setting: string, text: string, faults: string[]): Set<string> {
  const origins = new Set<string>()
  for (const item of listOf(text)) {
    if (isOrigin(item)) origins.add(item)
    else faults.push(`${setting}: ${JSON.stringify(item)} is not an origin such as https://app.example`)
  }
  return origins
}

/** Exactly as browsers write it: what is compared is the text. */
function isOrigin(text: string): boolean {
  return isHttpOrigin(text) && new URL(text).origin === text && isOfOneHost(new URL(text))
}

/**
 * No pattern: it would look as if it meant something. The cookie is `Secure`: a page that came without TLS may be
 * anybody's, except from this machine.
 */
function isOfOneHost({ protocol, hostname }: URL): boolean {
  return !hostname.includes('*') && (protocol === 'https:' || isLoopback(hostname))
}

function parseAudiences(setting: string, text: string, faults: string[]): Set<Audience> {
  const audiences = new Set<Audience>()
  for (const name of listOf(text)) {
    if (Value.Check(AudienceSchema, name) && name !== GATEWAY_AUDIENCE) audiences.add(name)
    else faults.push(`${setting}: ${JSON.stringify(name)} is not the name of a service`)
  }
  return audiences
}

function parseHeaderNames(text: string, faults: string[]): string[] {
  return listOf(text.toLowerCase()).filter((name) => {
    const fault = (rule: string): boolean =>
      faults.push(`GATEWAY_RELAYED_HEADERS: ${JSON.stringify(name)} ${rule}`) < 0
    if (!/^[a-z0-9-]+\*?$/.test(name)) return fault('is not the name of a header')
    return !isNeverFromClients(name.replace('*', '')) || fault('is never taken from a client')
  })
}

const KEY_BYTES_MIN = 32

async function readKey(path: string, faults: string[]): Promise<Buffer> {
  try {
    const key = await readFile(path)
    if (key.length >= KEY_BYTES_MIN) return key
    faults.push(`GATEWAY_CSRF_KEY_FILE: ${path} holds fewer than ${KEY_BYTES_MIN} bytes`)
  } catch {
    faults.push(`GATEWAY_CSRF_KEY_FILE: ${path} cannot be read`)
  }
  return Buffer.alloc(0)
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
