/**
 * ⑦ The settings of the file service, and the only reader of its environment.
 * Promise: claims are accepted from the issuers named here, with keys from the places named here, and from nobody else.
 */
import { networksIn, trustOf } from '@curfew/browser-boundary'
import { CLAIM_ALGORITHMS, type ClaimAlgorithm } from '@curfew/one-time-claims'
import {
  ConfigError,
  DrainDelaySeconds,
  OperationsHost,
  OperationsPort,
  loadConfig,
  type ListenAddress,
} from '@curfew/service-kit'
import { Type } from 'typebox'

export const Settings = Type.Object({
  FILES_HOST: Type.String({ description: 'Address to listen on', default: '127.0.0.1' }),
  FILES_PORT: Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port to listen on', default: 8083 }),
  FILES_OPERATIONS_HOST: OperationsHost,
  FILES_OPERATIONS_PORT: OperationsPort(9083),
  FILES_LOG_LEVEL: Type.Union(
    [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
    { description: 'Least level that is logged', default: 'info' },
  ),
  FILES_ROOT: Type.String({ minLength: 1, description: 'Directory that the files lie in' }),
  FILES_ISSUERS: Type.String({
    minLength: 1,
    description: 'Whose claims are accepted: issuer=URL of its JWKS[,…]',
  }),
  FILES_CLAIM_ALGORITHMS: Type.String({
    description: 'How claims may be signed: Ed25519, ES256, or both with a comma',
    default: 'Ed25519',
  }),
  FILES_ALLOW_CLAIM_IN_URL: Type.Boolean({
    description:
      'Answer ?claim= with a page that offers the file, although URLs end up in histories and logs',
    default: false,
  }),
  FILES_CORS_ORIGINS: Type.String({
    description: 'Origins, separated by commas, whose pages may send claims from a script',
    default: '',
  }),
  FILES_MAX_BYTES: Type.Integer({
    minimum: 1,
    description: 'Largest file that is accepted',
    default: 1_073_741_824,
  }),
  FILES_STALL_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3_600,
    description: 'How long a download may take nothing before it is cut',
    default: 30,
  }),
  FILES_MIN_BYTES_PER_SECOND: Type.Integer({
    minimum: 1,
    maximum: 1_048_576,
    description:
      'A download that takes less on average, after the first FILES_STALL_SECONDS, is cut; mobile lines throttled to 64 kbit/s take more',
    default: 4_096,
  }),
  FILES_TRUSTED_PROXIES: Type.String({
    description: 'Addresses or networks (CIDR), separated by commas, whose X-Forwarded-For counts',
    default: '',
  }),
  CURFEW_DRAIN_DELAY_SECONDS: DrainDelaySeconds,
  CURFEW_NATS_URL: Type.String({ minLength: 1, description: 'nats://user:password@host:port', secret: true }),
})

export interface FilesConfig {
  readonly listen: ListenAddress
  readonly operations: ListenAddress
  readonly drainDelayMs: number
  readonly logLevel: string
  readonly natsUrl: string
  readonly root: string
  /** Where the keys of each issuer are. */
  readonly issuers: ReadonlyMap<string, URL>
  readonly claimAlgorithms: readonly ClaimAlgorithm[]
  readonly allowClaimInUrl: boolean
  readonly corsOrigins: ReadonlySet<string>
  readonly maxBytes: number
  /** How long a download may take nothing. */
  readonly stallMs: number
  /** A download that takes less on average is cut. */
  readonly minBytesPerSecond: number
  readonly isTrustedProxy: (address: string) => boolean
}

/** @throws ConfigError naming every fault */
export function readConfig(env: NodeJS.ProcessEnv = process.env): FilesConfig {
  const settings = loadConfig(Settings, { env, prefixes: ['FILES_', 'CURFEW_'] })
  const faults: string[] = []
  const proxies = networksIn('FILES_TRUSTED_PROXIES', settings.FILES_TRUSTED_PROXIES, faults)
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    listen: { host: settings.FILES_HOST, port: settings.FILES_PORT },
    operations: { host: settings.FILES_OPERATIONS_HOST, port: settings.FILES_OPERATIONS_PORT },
    drainDelayMs: settings.CURFEW_DRAIN_DELAY_SECONDS * 1_000,
    logLevel: settings.FILES_LOG_LEVEL,
    natsUrl: settings.CURFEW_NATS_URL,
    root: settings.FILES_ROOT,
    issuers: parseIssuers(settings.FILES_ISSUERS),
    claimAlgorithms: parseAlgorithms(settings.FILES_CLAIM_ALGORITHMS),
    allowClaimInUrl: settings.FILES_ALLOW_CLAIM_IN_URL,
    corsOrigins: parseOrigins(settings.FILES_CORS_ORIGINS),
    maxBytes: settings.FILES_MAX_BYTES,
    stallMs: settings.FILES_STALL_SECONDS * 1_000,
    minBytesPerSecond: settings.FILES_MIN_BYTES_PER_SECOND,
    isTrustedProxy: trustOf(proxies),
  }
}

function parseIssuers(text: string): Map<string, URL> {
  const issuers = new Map<string, URL>()
  const faults = new Set<string>()
  for (const pair of text.split(',').map((part) => part.trim())) {
    const [, issuer = '', jwksUrl = ''] = /^([^=]{1,255})=(.+)$/.exec(pair) ?? []
    const url = URL.parse(jwksUrl)
    if (url === null || !/^https?:$/.test(url.protocol))
      faults.add('FILES_ISSUERS must be issuer=http(s) URL of its JWKS, separated by commas')
    else if (issuers.has(issuer)) faults.add('FILES_ISSUERS names an issuer twice')
    else issuers.set(issuer, url)
  }
  if (faults.size > 0) throw new ConfigError([...faults])
  return issuers
}

function parseAlgorithms(text: string): readonly ClaimAlgorithm[] {
  const names = text.split(',').map((name) => name.trim())
  const algorithms = CLAIM_ALGORITHMS.filter((algorithm) => names.includes(algorithm))
  if (algorithms.length !== names.length)
    throw new ConfigError([
      `FILES_CLAIM_ALGORITHMS must be some of ${CLAIM_ALGORITHMS.join(', ')}, each once`,
    ])
  return algorithms
}

/** Exactly as browsers write them: what is compared is the text. */
function parseOrigins(text: string): ReadonlySet<string> {
  const origins = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  for (const origin of origins)
    if (
      !/^https?:$/.test(URL.parse(origin)?.protocol ?? '') ||
      URL.parse(origin)?.origin !== origin ||
      origin.includes('*')
    )
      throw new ConfigError(['FILES_CORS_ORIGINS must be origins such as https://app.example'])
  return new Set(origins)
}
