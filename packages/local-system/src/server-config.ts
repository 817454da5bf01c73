/**
 * The configuration of both servers, read from infra/ where compose reads it too.
 * Promise: every way of running them has the same users and permissions, and no password ends up in a file.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { REPOSITORY } from './config.ts'
import { NATS_USERS, REDIS_USERS, type Credentials } from './credentials.ts'

export const NATS_CONFIG_FILE: string = join(REPOSITORY, 'infra/nats/nats.conf')
export const REDIS_CONFIG_FILE: string = join(REPOSITORY, 'infra/redis/redis.conf')
const REDIS_USERS_FILE = join(REPOSITORY, 'infra/redis/users.conf')

/** infra/nats/nats.conf as it stands: what differs from one server to the next are variables that `natsEnvironment` sets. */
export function natsConfig(): string {
  return readFileSync(NATS_CONFIG_FILE, 'utf8')
}

/** The variables of nats.conf; `storeDirectory` as the server will see it. */
export function natsEnvironment(credentials: Credentials, storeDirectory: string): Record<string, string> {
  const passwords = NATS_USERS.map((user) => [
    `CURFEW_NATS_${user.toUpperCase()}_PASSWORD`,
    credentials.nats[user],
  ])
  // In quotes, because the server parses the value: a path may hold spaces.
  return { ...Object.fromEntries(passwords), CURFEW_NATS_STORE_DIR: JSON.stringify(storeDirectory) }
}

/** redis.conf followed by the users, whole: for containers, which take a file. */
export function redisConfig(credentials: Credentials): string {
  return `${readFileSync(REDIS_CONFIG_FILE, 'utf8')}\n${redisUsers(credentials)}`
}

/** users.conf with the hash of each password in its place. */
export function redisUsers(credentials: Credentials): string {
  let text = readFileSync(REDIS_USERS_FILE, 'utf8')
  for (const user of REDIS_USERS) {
    const hash = createHash('sha256').update(credentials.redis[user]).digest('hex')
    text = text.replaceAll(`$CURFEW_REDIS_${user.toUpperCase()}_PASSWORD_SHA256`, hash)
  }
  return text
}
