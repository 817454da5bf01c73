/**
 * ④ The settings of the session service; the only reader of process.env.
 * Promise: what is returned fits together: idle within absolute, recent within absolute.
 */
import { SESSION_LIFETIME_MAX_MS, type Scope } from '@curfew/contracts'
import {
  ConfigError,
  DrainDelaySeconds,
  OperationsHost,
  OperationsPort,
  loadConfig,
} from '@curfew/service-kit'
import { Type, type Static } from 'typebox'

import type { ThrottlePolicy } from './domain/operators/throttle.ts'
import type { ApprovalPolicy } from './domain/revocations/approvals.ts'
import type { CreationSettings } from './domain/sessions/create-session.ts'
import type { RotationSettings } from './domain/sessions/rotate-session.ts'
import type { LevelLimits } from './domain/sessions/session-limits.ts'
import type { OperatorRules } from './routes/operators/operator-guard.ts'
import type { ThrottlePolicies } from './routes/shared/throttling.ts'

const LONGEST_SECONDS = SESSION_LIFETIME_MAX_MS / 1_000
/** NIST SP 800-63B-4, 2.3.3: no session at this level lives longer. */
const AAL3_MAX_SECONDS = 12 * 3_600

const seconds = (standard: number, description: string, maximum = LONGEST_SECONDS) =>
  Type.Integer({ minimum: 1, maximum, default: standard, description })

const perMinute = (standard: number, description: string) =>
  Type.Integer({
    minimum: 1,
    maximum: 100_000_000,
    default: standard,
    description: `${description}, per minute`,
  })

export const Settings = Type.Object({
  SESSION_HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on' }),
  SESSION_PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 8081,
    description: 'Port to listen on',
  }),
  SESSION_OPERATIONS_HOST: OperationsHost,
  SESSION_OPERATIONS_PORT: OperationsPort(9081),
  SESSION_LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'Least severe level that is logged' },
  ),
  SESSION_IDLE_TIMEOUT_SECONDS: seconds(1_800, 'How long a session lives without being seen'),
  SESSION_ABSOLUTE_TIMEOUT_SECONDS: seconds(43_200, 'How long a session lives at most'),
  SESSION_AAL2_IDLE_TIMEOUT_SECONDS: seconds(
    3_600,
    'The same at acr aal2; the shorter one counts, so that no level outlives a lower one',
  ),
  SESSION_AAL2_ABSOLUTE_TIMEOUT_SECONDS: seconds(86_400, 'The same at acr aal2'),
  SESSION_AAL3_IDLE_TIMEOUT_SECONDS: seconds(900, 'The same at acr aal3', AAL3_MAX_SECONDS),
  SESSION_AAL3_ABSOLUTE_TIMEOUT_SECONDS: seconds(43_200, 'The same at acr aal3', AAL3_MAX_SECONDS),
  SESSION_MAX_PER_USER: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 100,
    description:
      'Sessions of a user at once that the gateway has begun, and as many of each registered client; with one more, the oldest of them ends',
  }),
  SESSION_ROTATION_OVERLAP_SECONDS: Type.Integer({
    minimum: 0,
    maximum: 10,
    default: 10,
    description:
      'How long the secret before is accepted after a rotation, unless the new one is used; 0 refuses requests under way',
  }),
  SESSION_RECENT_AUTHENTICATION_SECONDS: seconds(
    900,
    'How old the authentication of an operator may be who acts on many, on a role or on an operator',
  ),
  SESSION_SECOND_APPROVER: Type.Union(
    [Type.Literal('off'), Type.Literal('global'), Type.Literal('tenant,global')],
    {
      default: 'off',
      description:
        'What waits until another operator has approved it: tenant, their revocation and suspension; global, that of everyone and of clients',
    },
  ),
  SESSION_APPROVAL_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    default: 900,
    description: 'How long a revocation waits for that',
  }),
  SESSION_REASONS: Type.Union([Type.Literal('revocations'), Type.Literal('always')], {
    default: 'revocations',
    description:
      'What operators have to give a reason for: also for grants, roles and suspensions when always',
  }),
  SESSION_API_PAGE: Type.Boolean({
    default: false,
    description: 'Serves a page at /docs to try the API out; the description is at /openapi.json in any case',
  }),
  SESSION_ISSUER: Type.String({
    minLength: 1,
    maxLength: 255,
    default: 'urn:curfew',
    description: 'What clients that examine tokens are told as their issuer',
  }),
  SESSION_OPERATOR_CALLS_PER_MINUTE: perMinute(600, 'Calls of one operator'),
  SESSION_TENANT_CHANGES_PER_DAY: Type.Integer({
    minimum: 1,
    maximum: 100_000_000,
    default: 10_000,
    description:
      'Changes by the operators of one tenant together in a day: revocations and suspensions of users, grants, roles; as many of the whole tenant; administrators are not counted',
  }),
  SESSION_CLIENT_CALLS_PER_MINUTE: perMinute(60_000, 'Calls of one client with its credentials'),
  SESSION_USER_SESSIONS_PER_DAY: Type.Integer({
    minimum: 1,
    maximum: 100_000_000,
    default: 3_000,
    description:
      'Sessions that one client begins for one user in a day over HTTP; the default is twice what a program needs that signs in each minute',
  }),
  SESSION_WRONG_CREDENTIALS_PER_MINUTE: perMinute(60, 'Wrong tokens and client secrets from one address'),
  SESSION_AUDIT_RETENTION_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3_153_600_000,
    default: 34_560_000,
    description: 'How long the audit trail keeps an event; only a new trail takes it over by itself',
  }),
  SESSION_AUDIT_MAX_MEGABYTES: Type.Integer({
    minimum: 1,
    maximum: 1_048_576,
    default: 1_024,
    description:
      'Room for the audit trail, set aside in NATS; refusals get half of it, users 80 %, operators all of it',
  }),
  SESSION_LEASE_MS: Type.Integer({
    minimum: 1_000,
    maximum: 60_000,
    default: 5_000,
    description:
      'How long a verifier may answer from memory after it last heard of a replica; a crashed one holds up confirmations about as long',
  }),
  SESSION_MEMBERS_PER_SERVICE: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 512,
    description:
      'Processes of one service that may check sessions at once; so many may also start in one moment',
  }),
  SESSION_JOINS_PER_MINUTE: perMinute(
    120,
    'Processes of one service that may begin to check sessions, in the long run',
  ),
  SESSION_CLIENTS_FILE: Type.Optional(
    Type.String({ minLength: 1, description: 'Trusted backends that may create sessions; none without it' }),
  ),
  SESSION_SEED_FILE: Type.Optional(
    Type.String({ minLength: 1, description: 'Roles and grants of a new deployment' }),
  ),
  CURFEW_DRAIN_DELAY_SECONDS: DrainDelaySeconds,
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

export type Config = Readonly<Static<typeof Settings>>

/** @throws ConfigError naming every fault. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const config = loadConfig(Settings, { env, prefixes: ['SESSION_', 'CURFEW_'] })
  const faults = LEVELS.flatMap((level) => {
    const [idle, absolute] = [`${level}IDLE_TIMEOUT_SECONDS`, `${level}ABSOLUTE_TIMEOUT_SECONDS`] as const
    return config[idle] > config[absolute] ? [`${idle} is longer than ${absolute}`] : []
  })
  if (faults.length > 0) throw new ConfigError(faults)
  return config
}

const LEVELS = ['SESSION_', 'SESSION_AAL2_', 'SESSION_AAL3_'] as const

/** What decisions about sessions rest on. */
export interface Settings extends CreationSettings, RotationSettings {
  readonly recentAuthenticationMs: number
}

export interface HttpSettings extends Settings, OperatorRules {
  readonly policies: ThrottlePolicies
  /** Names this deployment to clients that examine tokens. */
  readonly issuer: string
  readonly auditRetentionMs: number
  readonly approval: ApprovalPolicy
}

export function settingsOf(config: Config): Settings {
  const limitsOf = (level: (typeof LEVELS)[number]): LevelLimits => ({
    idleTimeoutMs: config[`${level}IDLE_TIMEOUT_SECONDS`] * 1_000,
    absoluteTimeoutMs: config[`${level}ABSOLUTE_TIMEOUT_SECONDS`] * 1_000,
  })
  return {
    limits: {
      standard: limitsOf('SESSION_'),
      aal2: limitsOf('SESSION_AAL2_'),
      aal3: limitsOf('SESSION_AAL3_'),
    },
    maxPerUser: config.SESSION_MAX_PER_USER,
    overlapMs: config.SESSION_ROTATION_OVERLAP_SECONDS * 1_000,
    recentAuthenticationMs: config.SESSION_RECENT_AUTHENTICATION_SECONDS * 1_000,
  }
}

export function httpSettingsOf(config: Config): HttpSettings {
  return {
    ...settingsOf(config),
    issuer: config.SESSION_ISSUER,
    auditRetentionMs: config.SESSION_AUDIT_RETENTION_SECONDS * 1_000,
    approval: {
      // `off` is no scope.
      scopes: new Set(config.SESSION_SECOND_APPROVER.split(',') as Scope['type'][]),
      waitMs: config.SESSION_APPROVAL_SECONDS * 1_000,
    },
    areReasonsNeeded: config.SESSION_REASONS === 'always',
    policies: {
      operatorCalls: quotaOf('operator-calls', config.SESSION_OPERATOR_CALLS_PER_MINUTE),
      tenantChanges: perDay('tenant-changes', config.SESSION_TENANT_CHANGES_PER_DAY),
      administratorsRevoked: ADMINISTRATORS_REVOKED,
      clientCalls: quotaOf('client-calls', config.SESSION_CLIENT_CALLS_PER_MINUTE),
      userSessions: perDay('user-sessions', config.SESSION_USER_SESSIONS_PER_DAY),
      wrongCredentials: quotaOf('wrong-credentials', config.SESSION_WRONG_CREDENTIALS_PER_MINUTE),
    },
  }
}

/** Enough for a responder in an incident; between two of them an administrator has time to act. */
const ADMINISTRATORS_REVOKED = { name: 'administrators-revoked', limit: 10, windowSeconds: 3_600 }

function quotaOf(name: string, limit: number): ThrottlePolicy {
  return { name, limit, windowSeconds: 60 }
}

function perDay(name: string, limit: number): ThrottlePolicy {
  return { name, limit, windowSeconds: 86_400 }
}
