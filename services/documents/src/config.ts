/**
 * ③ The settings of the documents service, and the only reader of its environment.
 */
import { MAX_CLAIM_LIFETIME_SECONDS } from '@curfew/one-time-claims'
import { loadConfig } from '@curfew/service-kit'
import { Type } from 'typebox'

import type { FileServiceUrls } from './ports.ts'

const Port = { minimum: 1, maximum: 65_535 }
const BaseUrl = { pattern: '^https?://[^/?#@\\s]+(/[^?#\\s]*[^/?#\\s])?$', maxLength: 255 }

const Settings = Type.Object({
  DOCUMENTS_HOST: Type.String({ description: 'Address to listen on', default: '127.0.0.1' }),
  DOCUMENTS_PORT: Type.Integer({ ...Port, description: 'Port to listen on', default: 8082 }),
  DOCUMENTS_OPERATIONS_PORT: Type.Optional(
    Type.Integer({
      ...Port,
      description: 'Port of /healthz, /readyz and /metrics; DOCUMENTS_PORT when not set',
    }),
  ),
  DOCUMENTS_LOG_LEVEL: Type.Union(
    [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
    { description: 'Least level that is logged', default: 'info' },
  ),
  DOCUMENTS_ISSUER: Type.String({
    ...BaseUrl,
    description: 'Own base URL, by which the file service knows the claims of this service',
  }),
  DOCUMENTS_SIGNING_KEY_FILE: Type.String({
    minLength: 1,
    description: 'Private Ed25519 JWK with kid, used for claims and nothing else',
  }),
  DOCUMENTS_FILES_URL: Type.String({
    ...BaseUrl,
    description: 'Base URL of the file service, as this service reaches it',
    default: 'http://127.0.0.1:8083',
  }),
  DOCUMENTS_FILES_PUBLIC_URL: Type.Optional(
    Type.String({
      ...BaseUrl,
      description: 'Base URL of the file service for callers, where it is another one',
    }),
  ),
  DOCUMENTS_CLAIM_LIFETIME_SECONDS: Type.Integer({
    minimum: 1,
    maximum: MAX_CLAIM_LIFETIME_SECONDS,
    description: 'How long a claim can be presented',
    default: 60,
  }),
  DOCUMENTS_MAX_BYTES: Type.Integer({
    minimum: 1,
    description: 'Largest document',
    default: 1_073_741_824,
  }),
  CURFEW_NATS_URL: Type.String({ minLength: 1, description: 'nats://user:password@host:port', secret: true }),
  CURFEW_REDIS_URL: Type.String({
    minLength: 1,
    description: 'redis://user:password@host:port',
    secret: true,
  }),
})

export interface DocumentsConfig {
  readonly listen: { readonly host: string; readonly port: number }
  readonly operations: { readonly host: string; readonly port: number } | undefined
  readonly logLevel: string
  readonly natsUrl: string
  readonly redisUrl: string
  readonly issuer: string
  readonly signingKeyFile: string
  readonly files: FileServiceUrls
  readonly claimLifetimeSeconds: number
  readonly maxBytes: number
}

/** @throws ConfigError naming every fault */
export function readConfig(env: NodeJS.ProcessEnv = process.env): DocumentsConfig {
  const settings = loadConfig(Settings, { env, prefixes: ['DOCUMENTS_', 'CURFEW_'] })
  const host = settings.DOCUMENTS_HOST
  const operationsPort = settings.DOCUMENTS_OPERATIONS_PORT
  return {
    listen: { host, port: settings.DOCUMENTS_PORT },
    operations: operationsPort === undefined ? undefined : { host, port: operationsPort },
    logLevel: settings.DOCUMENTS_LOG_LEVEL,
    natsUrl: settings.CURFEW_NATS_URL,
    redisUrl: settings.CURFEW_REDIS_URL,
    issuer: settings.DOCUMENTS_ISSUER,
    signingKeyFile: settings.DOCUMENTS_SIGNING_KEY_FILE,
    files: {
      inside: settings.DOCUMENTS_FILES_URL,
      outside: settings.DOCUMENTS_FILES_PUBLIC_URL ?? settings.DOCUMENTS_FILES_URL,
    },
    claimLifetimeSeconds: settings.DOCUMENTS_CLAIM_LIFETIME_SECONDS,
    maxBytes: settings.DOCUMENTS_MAX_BYTES,
  }
}
