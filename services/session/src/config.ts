/**
 * ④ The settings of the session service; the only reader of process.env.
 * Promise: what is returned fits together: idle within absolute, recent within absolute.
 */
import { ConfigError, loadConfig } from '@curfew/service-kit'
import { Type, type Static } from 'typebox'

const seconds = (standard: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 31_536_000, default: standard, description })

const ConfigSchema = Type.Object({
  SESSION_HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on' }),
  SESSION_PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 8081,
    description: 'Port to listen on',
  }),
  SESSION_OPERATIONS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: 'Port of /healthz, /readyz and /metrics, when they are not to be on SESSION_PORT',
    }),
  ),
  SESSION_LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'Least severe level that is logged' },
  ),
  SESSION_IDLE_TIMEOUT_SECONDS: seconds(1_800, 'How long a session lives without being seen'),
  SESSION_ABSOLUTE_TIMEOUT_SECONDS: seconds(43_200, 'How long a session lives at most'),
  SESSION_RECENT_AUTHENTICATION_SECONDS: seconds(
    900,
    'How old the authentication of an operator may be who acts on a tenant or on everyone',
  ),
  SESSION_LEASE_MS: Type.Integer({
    minimum: 1_000,
    maximum: 60_000,
    default: 5_000,
    description:
      'How long a verifier may answer from memory after it last heard of a replica; a crashed one holds up confirmations about as long',
  }),
  SESSION_CLIENTS_FILE: Type.Optional(
    Type.String({ minLength: 1, description: 'Trusted backends that may create sessions; none without it' }),
  ),
  SESSION_SEED_FILE: Type.Optional(
    Type.String({ minLength: 1, description: 'Roles and grants of a new deployment' }),
  ),
  CURFEW_NATS_URL: Type.String({
    minLength: 1,
    secret: true,
    description: 'nats://user:password@host:port[,host:port]',
  }),
  CURFEW_REDIS_URL: Type.String({
    minLength: 1,
    secret: true,
    description: 'redis://user:password@host:port',
  }),
})

export type Config = Readonly<Static<typeof ConfigSchema>>

/** @throws ConfigError naming every fault. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const config = loadConfig(ConfigSchema, { env, prefixes: ['SESSION_', 'CURFEW_'] })
  if (config.SESSION_IDLE_TIMEOUT_SECONDS > config.SESSION_ABSOLUTE_TIMEOUT_SECONDS)
    throw new ConfigError(['SESSION_IDLE_TIMEOUT_SECONDS is longer than SESSION_ABSOLUTE_TIMEOUT_SECONDS'])
  return config
}
