/**
 * The first step of compose.yaml: credentials, keys, accounts and server configurations, each where only its user looks.
 * Promise: random and made once; a later run finds the same ones and writes the same files. `accounts` shows who can log in.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  createDevelopmentIdentities,
  keepCredentials,
  natsConfig,
  natsEnvironment,
  redisConfig,
  type Credentials,
  type DevelopmentIdentities,
} from '@curfew/local-system'

/** Where compose.yaml mounts one volume for each. */
const place = (owner: string, file = ''): string => join('/run/curfew', owner, file)

// All containers run as the same user; each is alone with its volume.
const PRIVATE = 0o600

/** Replaced in one step, so that what starts meanwhile reads the old file or the new one. */
function write(file: string, content: string, mode: number): void {
  writeFileSync(`${file}.draft`, content, { mode })
  renameSync(`${file}.draft`, file)
}

function copy(from: string, to: string): void {
  write(to, readFileSync(from, 'utf8'), PRIVATE)
}

function writeServerConfigs(credentials: Credentials): void {
  // NATS takes variables from its file where the environment has none, so the passwords stay out of `docker inspect`.
  const variables = Object.entries(natsEnvironment(credentials, '/data'))
  const passwords = variables.map(([name, value]) => `${name}: ${value}`).join('\n')
  write(place('nats', 'nats.conf'), `${passwords}\n${natsConfig()}`, PRIVATE)
  write(place('redis', 'redis.conf'), redisConfig(credentials), PRIVATE)
}

function writeServiceSecrets({ nats, redis }: Credentials, { files }: DevelopmentIdentities): void {
  const natsUrl = (user: keyof typeof nats): string =>
    `CURFEW_NATS_URL=nats://${user}:${nats[user]}@nats:4222\n`
  const redisUrl = (user: keyof typeof redis): string =>
    `CURFEW_REDIS_URL=redis://${user}:${redis[user]}@redis:6379\n`
  const variables = {
    session: natsUrl('session') + redisUrl('session'),
    gateway: natsUrl('gateway'),
    documents: natsUrl('documents') + redisUrl('documents'),
    files: natsUrl('files'),
  }
  for (const [service, text] of Object.entries(variables)) write(place(service, 'secrets.env'), text, PRIVATE)
  copy(files.clients, place('session', 'clients.json'))
  copy(files.seed, place('session', 'seed.json'))
  copy(files.accounts, place('gateway', 'accounts.json'))
  copy(files.csrfKey, place('gateway', 'csrf-key'))
}

const credentials = keepCredentials(place('setup'))
const identities = await createDevelopmentIdentities(place('setup'))
if (process.argv[2] === 'accounts') {
  const { accounts, clients } = identities
  console.info(JSON.stringify({ accounts, clients }, undefined, 2))
} else {
  writeServerConfigs(credentials)
  writeServiceSecrets(credentials, identities)
  console.info('credentials, keys and accounts are in place')
}
