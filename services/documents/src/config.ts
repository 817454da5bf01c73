/**
 * ③ The settings of the documents service, and the only reader of its environment.
 */
import { MAX_CLAIM_LIFETIME_SECONDS, type ClaimAlgorithm } from '@curfew/one-time-claims'
import {
  ConfigError,
  DrainDelaySeconds,
  OperationsHost,
  OperationsPort,
  loadConfig,
  type ListenAddress,
} from '@curfew/service-kit'
import { Type, type Static } from 'typebox'

import type { FileServiceUrls, Quota } from './ports.ts'

const BaseUrl = { pattern: '^https?://[^/?#@\\s]+(/[^?#\\s]*[^/?#\\s])?$', maxLength: 255 }

export const Settings = Type.Object({
  DOCUMENTS_HOST: Type.String({ description: 'Address to listen on', default: '127.0.0.1' }),
  DOCUMENTS_PORT: Type.Integer({
    minimum: 1,
    maximum: 65_535,
    description: 'Port to listen on',
    default: 8082,
  }),
  DOCUMENTS_OPERATIONS_HOST: OperationsHost,
  DOCUMENTS_OPERATIONS_PORT: OperationsPort(9082),
  DOCUMENTS_LOG_LEVEL: Type.Union(
    [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
    { description: 'Least level that is logged', default: 'info' },
  ),
  DOCUMENTS_ISSUER: Type.String({
    ...BaseUrl,
    description: 'Own base URL, by which the file service knows the claims of this service',
  }),
  DOCUMENTS_CLAIM_KEY_DIRECTORY: Type.String({
    minLength: 1,
    description: 'Directory of the keys that claims are signed with: private, and the same for all replicas',
  }),
  DOCUMENTS_CLAIM_KEY_ALGORITHM: Type.Union([Type.Literal('Ed25519'), Type.Literal('ES256')], {
    description: 'Algorithm of the next key; the file service has to accept it (FILES_CLAIM_ALGORITHMS)',
    default: 'Ed25519',
  }),
  DOCUMENTS_CLAIM_KEY_ROTATION_SECONDS: Type.Integer({
    minimum: 0,
    description: 'How long a key signs; 0 when keys come from elsewhere',
    default: 30 * 86_400,
  }),
  DOCUMENTS_CLAIM_KEY_LEAD_SECONDS: Type.Integer({
    minimum: 1,
    description:
      'How long a key is published before it signs: longer than anybody keeps the key set (two minutes)',
    default: 300,
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
  DOCUMENTS_MAX_PER_USER: Type.Integer({
    minimum: 1,
    description: 'Most documents of one user',
    default: 10_000,
  }),
  DOCUMENTS_MAX_PER_TENANT: Type.Integer({
    minimum: 1,
    description: 'Most documents of one tenant',
    default: 1_000_000,
  }),
  DOCUMENTS_UPLOADS_PER_USER: Type.Integer({
    minimum: 1,
    description: 'Most claims for uploads of one user that have not expired; 429 beyond',
    default: 1_000,
  }),
  DOCUMENTS_UPLOADS_PER_TENANT: Type.Integer({
    minimum: 1,
    description: 'Most claims for uploads of one tenant that have not expired; 429 beyond',
    default: 10_000,
  }),
  CURFEW_DRAIN_DELAY_SECONDS: DrainDelaySeconds,
  CURFEW_NATS_URL: Type.String({ minLength: 1, description: 'nats://user:password@host:port', secret: true }),
  CURFEW_REDIS_URL: Type.String({
    minLength: 1,
    description: 'redis://user:password@host:port',
    secret: true,
  }),
})

export interface DocumentsConfig {
  readonly listen: ListenAddress
  readonly operations: ListenAddress
  readonly drainDelayMs: number
  readonly logLevel: string
  readonly natsUrl: string
  readonly redisUrl: string
  readonly issuer: string
  readonly claimKeys: {
    readonly directory: string
    readonly algorithm: ClaimAlgorithm
    /** Infinite where keys come from elsewhere. */
    readonly rotateEverySeconds: number
    readonly leadSeconds: number
  }
  readonly files: FileServiceUrls
  readonly claimLifetimeSeconds: number
  readonly maxBytes: number
  readonly documentQuota: Quota
  readonly uploadQuota: Quota
}

/** @throws ConfigError naming every fault */
export function readConfig(env: NodeJS.ProcessEnv = process.env): DocumentsConfig {
  const settings = loadConfig(Settings, { env, prefixes: ['DOCUMENTS_', 'CURFEW_'] })
  return {
    listen: { host: settings.DOCUMENTS_HOST, port: settings.DOCUMENTS_PORT },
    operations: { host: settings.DOCUMENTS_OPERATIONS_HOST, port: settings.DOCUMENTS_OPERATIONS_PORT },
    drainDelayMs: settings.CURFEW_DRAIN_DELAY_SECONDS * 1_000,
    logLevel: settings.DOCUMENTS_LOG_LEVEL,
    natsUrl: settings.CURFEW_NATS_URL,
    redisUrl: settings.CURFEW_REDIS_URL,
    issuer: settings.DOCUMENTS_ISSUER,
    claimKeys: claimKeysOf(settings),
    files: {
      inside: settings.DOCUMENTS_FILES_URL,
      outside: settings.DOCUMENTS_FILES_PUBLIC_URL ?? settings.DOCUMENTS_FILES_URL,
    },
    claimLifetimeSeconds: settings.DOCUMENTS_CLAIM_LIFETIME_SECONDS,
    maxBytes: settings.DOCUMENTS_MAX_BYTES,
    documentQuota: {
      perUser: settings.DOCUMENTS_MAX_PER_USER,
      perTenant: settings.DOCUMENTS_MAX_PER_TENANT,
    },
    uploadQuota: {
      perUser: settings.DOCUMENTS_UPLOADS_PER_USER,
      perTenant: settings.DOCUMENTS_UPLOADS_PER_TENANT,
    },
  }
}

function claimKeysOf(settings: Static<typeof Settings>): DocumentsConfig['claimKeys'] {
  const leadSeconds = settings.DOCUMENTS_CLAIM_KEY_LEAD_SECONDS
  const rotateEverySeconds = settings.DOCUMENTS_CLAIM_KEY_ROTATION_SECONDS || Infinity
  // Else each key would be due before the one before it signs.
  if (rotateEverySeconds <= leadSeconds)
    throw new ConfigError([
      'DOCUMENTS_CLAIM_KEY_ROTATION_SECONDS must be more than DOCUMENTS_CLAIM_KEY_LEAD_SECONDS',
    ])
  return {
    directory: settings.DOCUMENTS_CLAIM_KEY_DIRECTORY,
    algorithm: settings.DOCUMENTS_CLAIM_KEY_ALGORITHM,
    rotateEverySeconds,
    leadSeconds,
  }
}
