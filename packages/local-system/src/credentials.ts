/**
 * The users of NATS and Redis, each with a password of its own.
 * Promise: a password is 192 random bits and fits, unescaped, in a URL and in a server's configuration.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { readJsonIfPresent, writePrivateJson } from './private-files.ts'

export const NATS_USERS = ['admin', 'session', 'gateway', 'gateway_admin', 'documents', 'files'] as const
export const REDIS_USERS = ['admin', 'session', 'documents'] as const

export type NatsUser = (typeof NATS_USERS)[number]
export type RedisUser = (typeof REDIS_USERS)[number]

/** Passwords by user. Plain JSON: what keeps it must keep it from others' eyes. */
export interface Credentials {
  readonly nats: Readonly<Record<NatsUser, string>>
  readonly redis: Readonly<Record<RedisUser, string>>
}

export function createCredentials(): Credentials {
  return { nats: passwordsFor(NATS_USERS), redis: passwordsFor(REDIS_USERS) }
}

/**
 * The credentials of a data directory, made at the first call; users that are new since then get theirs at the next.
 * @throws SyntaxError when the file has been damaged
 */
export function keepCredentials(directory: string): Credentials {
  const file = join(directory, 'credentials.json')
  const found = readJsonIfPresent(file) as Credentials | undefined
  const made = createCredentials()
  const credentials = { nats: { ...made.nats, ...found?.nats }, redis: { ...made.redis, ...found?.redis } }
  if (JSON.stringify(credentials) !== JSON.stringify(found)) writePrivateJson(file, credentials)
  return credentials
}

function passwordsFor<User extends string>(users: readonly User[]): Record<User, string> {
  return Object.fromEntries(users.map((user) => [user, newPassword()])) as Record<User, string>
}

/** A letter comes first, because nats-server reads what begins with a digit as a number. */
export function newPassword(): string {
  return `p${randomBytes(24).toString('base64url')}`
}
