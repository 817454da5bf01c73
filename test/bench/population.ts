/**
 * Who has sessions in a benchmark: tokens that any process can compute, and records as the session service writes them.
 * Promise: `load` sends what creating the sessions one by one would send to Redis, only without waiting in between.
 */
import { hash } from 'node:crypto'

import {
  formatRelayToken,
  formatSessionToken,
  hashSecret,
  relayValueFor,
  subjectKey,
  type Audience,
  type ClientId,
  type Position,
  type RoleName,
  type SessionId,
  type SessionSecret,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import type { Redis } from 'ioredis'

import { KEYS, indexPartOf } from '../../services/session/src/adapters/redis/redis-keys.ts'
import {
  CREATE_SESSION,
  ENROL_SESSION,
  LIST_SESSION,
  TELL,
} from '../../services/session/src/adapters/redis/redis-scripts.ts'
import { fieldsOf } from '../../services/session/src/adapters/redis/redis-session-record.ts'
import { tellingsOf } from '../../services/session/src/adapters/redis/redis-subject-record.ts'
import {
  idleExpiresAtMs,
  REMAINS_MS,
  type SessionRecord,
} from '../../services/session/src/domain/sessions/session-record.ts'

export interface Population {
  readonly sessions: number
  readonly users: number
  readonly tenants: number
  readonly roles: number
}

const ROLES_OF_A_USER = 2
const PERMISSIONS_OF_A_ROLE = 8
const IDLE_MS = 1_800_000
const ABSOLUTE_MS = 43_200_000
const SESSIONS_OF_A_USER_MAX = 100
const BATCH = 500

/** Large ones look like a busy service: two sessions a user, a hundred tenants, twenty roles each. */
export function populationOf(sessions: number): Population {
  const users = Math.max(1, Math.ceil(sessions / 2))
  return { sessions, users, tenants: Math.min(100, users), roles: 20 }
}

export function sessionIdOf(index: number): SessionId {
  return hash('sha256', `id ${index}`, 'base64url').slice(0, 22) as SessionId
}

function secretOf(index: number): SessionSecret {
  return hash('sha256', `secret ${index}`, 'base64url') as SessionSecret
}

/** What a client presents to the gateway. */
export function sessionTokenOf(index: number): string {
  return formatSessionToken(sessionIdOf(index), secretOf(index))
}

/** What the gateway presents to a service. */
export function relayTokenOf(index: number, audience: Audience): string {
  return formatRelayToken(sessionIdOf(index), relayValueFor(hashSecret(secretOf(index)), audience))
}

export function ownerOf(index: number, { users, tenants }: Population): { tenant: TenantId; user: UserId } {
  const user = index % users
  return { tenant: `tenant-${user % tenants}` as TenantId, user: `user-${user}@example.org` as UserId }
}

/** The roles of every tenant, for the seed file of the session service. */
export function rolesOf({ tenants, roles }: Population): object[] {
  return Array.from({ length: tenants * roles }, (_, index) => ({
    tenant: `tenant-${index % tenants}`,
    role: `role-${Math.floor(index / tenants)}`,
    permissions: Array.from(
      { length: PERMISSIONS_OF_A_ROLE },
      (_unused, nth) => `documents:action-${Math.floor(index / tenants) + nth}`,
    ),
  }))
}

function recordOf(index: number, population: Population, birth: Position): SessionRecord {
  const nowMs = Date.now()
  return {
    ...ownerOf(index, population),
    id: sessionIdOf(index),
    secretHash: hashSecret(secretOf(index)),
    client: 'api' as ClientId,
    birth,
    createdAtMs: nowMs,
    authTimeMs: nowMs,
    acr: 'password',
    amr: ['pwd'],
    idleTimeoutMs: IDLE_MS,
    expiresAtMs: nowMs + ABSOLUTE_MS,
    lastSeenMs: nowMs,
  }
}

/** @param birth a position that the session service has handed out for a login */
export async function load(redis: Redis, population: Population, birth: Position): Promise<void> {
  await inBatches(population.users, async (from, to) => {
    const pipeline = redis.pipeline()
    for (let user = from; user < to; user += 1) {
      const { tenant, user: name } = ownerOf(user, population)
      const roles = Array.from(
        { length: ROLES_OF_A_USER },
        (_, nth) => `role-${(user + nth * 7) % population.roles}` as RoleName,
      )
      const grants = { position: birth, roles, permissions: [] }
      for (const telling of tellingsOf({ grants }))
        pipeline.eval(TELL, 1, KEYS.subject(subjectKey(tenant, name)), ...telling)
    }
    await pipeline.exec()
  })
  await inBatches(population.sessions, async (from, to) => {
    const pipeline = redis.pipeline()
    for (let index = from; index < to; index += 1) {
      const record = recordOf(index, population, birth)
      const { id } = record
      const listed = listingOf(record)
      const endsAtMs = idleExpiresAtMs(record)
      pipeline.zadd(KEYS.sessionIndex(indexPartOf(id)), endsAtMs, id)
      pipeline.eval(LIST_SESSION, 1, ...listed)
      pipeline.eval(CREATE_SESSION, 1, KEYS.session(id), endsAtMs + REMAINS_MS, ...fieldsOf(record))
      pipeline.eval(ENROL_SESSION, 1, ...listed, SESSIONS_OF_A_USER_MAX)
    }
    await pipeline.exec()
  })
}

/**
 * Gives every session another birth, so that it is live again after a revocation of everyone, and its place in its user's list,
 * from which counting what the revocation has ended has taken it.
 */
export async function revive(redis: Redis, population: Population, birth: Position): Promise<void> {
  await inBatches(population.sessions, async (from, to) => {
    const pipeline = redis.pipeline()
    for (let index = from; index < to; index += 1) {
      const record = recordOf(index, population, birth)
      pipeline.hset(KEYS.session(record.id), 'b', birth)
      pipeline.eval(LIST_SESSION, 1, ...listingOf(record))
    }
    await pipeline.exec()
  })
}

function listingOf({ id, tenant, user, expiresAtMs }: SessionRecord) {
  return [KEYS.subject(subjectKey(tenant, user)), id, expiresAtMs + REMAINS_MS] as const
}

async function inBatches(count: number, each: (from: number, to: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += BATCH) await each(from, Math.min(count, from + BATCH))
}
