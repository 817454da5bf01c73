/**
 * What each service is told: its port, its files, its credentials and where the others are.
 * Promise: a service gets the NATS and Redis users of its own name and nobody else's.
 */
import { join } from 'node:path'

import type { DevelopmentIdentities } from './identities.ts'
import type { Servers } from './servers.ts'

export const SERVICE_NAMES = ['session', 'documents', 'files', 'gateway', 'console'] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

export interface ServicePorts {
  /** Of its callers. */
  readonly public: number
  /** Of /healthz, /readyz and /metrics. */
  readonly operations: number
}

/** Where each service listens unless told otherwise. */
export const DEFAULT_PORTS: Readonly<Record<ServiceName, ServicePorts>> = {
  gateway: { public: 8080, operations: 9080 },
  session: { public: 8081, operations: 9081 },
  documents: { public: 8082, operations: 9082 },
  files: { public: 8083, operations: 9083 },
  console: { public: 8084, operations: 9084 },
}

interface Surroundings {
  readonly servers: Pick<Servers, 'natsUrl' | 'redisUrl'>
  readonly identities: Pick<DevelopmentIdentities, 'files'>
  readonly directory: string
  readonly ports: Readonly<Record<ServiceName, ServicePorts>>
}

type Settings = Record<string, string>

/** Room for a load test from this machine; guessing tokens in earnest is still noticed. */
const DEVELOPMENT_LIMITS: Settings = {
  GATEWAY_LOGINS_PER_MINUTE: '10000000',
  GATEWAY_ACCOUNT_LOGINS_PER_DAY: '100000000',
  GATEWAY_LOGIN_FAILURES_FREE: '1000',
  GATEWAY_TOKEN_GUESSES_PER_MINUTE: '5000',
}

/** Of the documents service; all its replicas look there. */
export function claimKeysIn(directory: string): string {
  return join(directory, 'claim-keys')
}

export function localUrl(port: number): string {
  return `http://127.0.0.1:${port}`
}

export function serviceSettings(surroundings: Surroundings): Record<ServiceName, Settings> {
  const { servers, identities, directory, ports } = surroundings
  const { files } = identities
  // Replicas of the documents service are one issuer with one key: the name of the first.
  const issuer = localUrl(ports.documents.public)
  return {
    session: {
      SESSION_CLIENTS_FILE: files.clients,
      SESSION_SEED_FILE: files.seed,
      // Everybody here calls from one address, load tests included.
      SESSION_OPERATOR_CALLS_PER_MINUTE: '600000',
      SESSION_TENANT_CHANGES_PER_DAY: '100000000',
      SESSION_CLIENT_CALLS_PER_MINUTE: '6000000',
      SESSION_USER_SESSIONS_PER_DAY: '100000000',
      SESSION_WRONG_CREDENTIALS_PER_MINUTE: '6000',
      CURFEW_NATS_URL: servers.natsUrl('session'),
      CURFEW_REDIS_URL: servers.redisUrl('session'),
    },
    documents: {
      DOCUMENTS_ISSUER: issuer,
      DOCUMENTS_CLAIM_KEY_DIRECTORY: claimKeysIn(directory),
      DOCUMENTS_FILES_URL: localUrl(ports.files.public),
      CURFEW_NATS_URL: servers.natsUrl('documents'),
      CURFEW_REDIS_URL: servers.redisUrl('documents'),
    },
    files: {
      FILES_ROOT: join(directory, 'files'),
      FILES_ISSUERS: `${issuer}=${issuer}/.well-known/jwks.json`,
      // Browsers keep the session's cookie under the name `localhost` only; the page is open to both.
      FILES_CORS_ORIGINS: `http://localhost:${ports.gateway.public},${localUrl(ports.gateway.public)}`,
      CURFEW_NATS_URL: servers.natsUrl('files'),
    },
    gateway: {
      GATEWAY_ACCOUNTS_FILE: files.accounts,
      GATEWAY_CSRF_KEY_FILE: files.csrfKey,
      GATEWAY_UPSTREAMS: `documents=${issuer}`,
      GATEWAY_FILES_ORIGIN: localUrl(ports.files.public),
      // The console says from which address an operator signs in; it and all callers are on this machine.
      GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
      ...DEVELOPMENT_LIMITS,
      CURFEW_NATS_URL: servers.natsUrl('gateway'),
    },
    console: {
      CONSOLE_GATEWAY_URL: localUrl(ports.gateway.public),
      CONSOLE_SESSION_URL: localUrl(ports.session.public),
    },
  }
}
