/**
 * Where Curfew is: the operators' API and the public face.
 * Promise: credentials go over TLS or stay on this machine, unless somebody has said that they may not need to.
 */
import { open } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { dirname, join } from 'node:path'

import { Type, type Static } from 'typebox'

import { shaped } from '../api/answers.ts'
import type { Settings } from '../config.ts'
import { usage } from '../failure.ts'
import { requirePrivate } from './profiles.ts'

export interface Addresses {
  readonly server: string
  readonly gateway: string
}

/** A system that `npm start` runs in the checkout that this is called in, with who may try it. */
export interface DevelopmentSystem extends Addresses {
  readonly file: string
  readonly account: string
  readonly nats: string | undefined
  readonly redis: string | undefined
  readonly operations: readonly string[]
}

/** A base URL as it is kept and compared. @throws Failure where it cannot be one, or would carry passwords in the clear */
export function baseUrl(text: string, settings: Pick<Settings, 'isPlainHttpAllowed'>): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw usage(`${text} is no address like https://curfew.example.`)
  if (url.username !== '' || url.password !== '') throw usage('An address holds no credentials here.')
  if (url.search !== '' || url.hash !== '') throw usage(`${text} holds more than an address.`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !settings.isPlainHttpAllowed)
    throw usage(
      `${url.origin} is not encrypted: passwords and tokens would cross the network in the clear.`,
      'Use https, or set CURFEW_ALLOW_PLAIN_HTTP=true where the network is private by other means.',
    )
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}

const Addresses = Type.Object({ gateway: Type.String(), session: Type.String() })
const DevelopmentFile = Type.Object({
  ...Addresses.properties,
  operations: Type.Optional(Type.Record(Type.String(), Type.String())),
  nats: Type.Optional(Type.String()),
  redis: Type.Optional(Type.String()),
  accounts: Type.Optional(Type.Array(Type.Object({ tenant: Type.String(), username: Type.String() }))),
})

/** Looks for `.data/dev.json` here and in the directories above. Undefined where no system of this user runs. */
export async function findDevelopmentSystem(from: string): Promise<DevelopmentSystem | undefined> {
  for (let directory = from; ; directory = dirname(directory)) {
    const file = join(directory, '.data', 'dev.json')
    const found = await readIfOwn(file)
    if (found !== undefined) return developmentSystem(file, found)
    if (dirname(directory) === directory) return undefined
  }
}

function developmentSystem(file: string, found: Static<typeof DevelopmentFile>): DevelopmentSystem {
  const loopbackOnly = { isPlainHttpAllowed: false }
  const { accounts = [], gateway, session, operations = {}, nats, redis } = found
  const operator = accounts.find(({ tenant }) => tenant === 'curfew') ?? {
    tenant: 'curfew',
    username: 'operator',
  }
  return {
    file,
    server: baseUrl(session, loopbackOnly),
    gateway: baseUrl(gateway, loopbackOnly),
    account: `${operator.tenant}/${operator.username}`,
    nats,
    redis,
    operations: Object.values(operations),
  }
}

/** Somebody else's file could lead a password to an address of theirs. */
async function readIfOwn(file: string): Promise<Static<typeof DevelopmentFile> | undefined> {
  try {
    await using handle = await open(file)
    requirePrivate(file, await handle.stat())
    return shaped(DevelopmentFile, JSON.parse(await handle.readFile('utf8')))
  } catch {
    return undefined
  }
}
