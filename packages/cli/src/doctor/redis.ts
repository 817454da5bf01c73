/**
 * ④ What Redis says of itself: whether sessions stay, and whether somebody could forget spent claims for it.
 * Promise: looks only.
 */
import { Redis } from 'ioredis'

import { counted } from '../terminal/counts.ts'
import { ok, problem, unseen, warning, type Finding } from './findings.ts'
import { isAtLeast } from './versions.ts'

const GOOD_VERSION = '7.2.0'
const TIMEOUT_MS = 3_000

export interface WantedSetting {
  readonly name: string
  readonly isGood: (value: string) => boolean
  readonly otherwise: string
}

/** What the shipped configuration (infra/redis/redis.conf) sets, with what happens otherwise. */
export const SETTINGS: readonly WantedSetting[] = [
  { name: 'appendonly', isGood: is('yes'), otherwise: 'a crash forgets every session and every spent claim' },
  {
    name: 'appendfsync',
    isGood: is('everysec', 'always'),
    otherwise: 'a crash may forget more than a second',
  },
  {
    name: 'no-appendfsync-on-rewrite',
    isGood: is('no'),
    otherwise: 'while it rewrites its file, a crash may forget minutes',
  },
  {
    name: 'replica-serve-stale-data',
    isGood: is('no'),
    otherwise: 'a replica that has lost its primary answers with what is old',
  },
]

const isAtMost = (most: number) => (value: string) => /^\d+$/.test(value) && Number(value) <= most

/** What matters only where there is more than one server; a wrong one costs writes on a fail-over, never a verdict. */
export const SETTINGS_OF_MANY: readonly (WantedSetting & { readonly appliesTo: (info: Info) => boolean })[] =
  [
    {
      name: 'min-replicas-to-write',
      isGood: (value) => Number(value) >= 1,
      otherwise: 'a primary that is cut off takes writes that a fail-over throws away',
      appliesTo: hasReplicas,
    },
    {
      name: 'min-replicas-max-lag',
      isGood: isAtMost(3),
      otherwise: 'a replica counts as present that has not been heard of for longer',
      appliesTo: hasReplicas,
    },
    {
      name: 'cluster-node-timeout',
      isGood: isAtMost(5_000),
      otherwise: 'a primary that has died is missed for longer',
      appliesTo: isCluster,
    },
    {
      name: 'cluster-allow-reads-when-down',
      isGood: is('no'),
      otherwise: 'a part of the cluster that is cut off answers with what is old',
      appliesTo: isCluster,
    },
  ]

function hasReplicas(info: Info): boolean {
  return Number(info['connected_slaves'] ?? 0) > 0
}

function isCluster(info: Info): boolean {
  return info['cluster_enabled'] === '1'
}

export async function examineRedis(url: string): Promise<Finding[]> {
  const redis = new Redis(url, {
    connectionName: 'curfew-doctor',
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
  })
  let failure: Error | undefined
  redis.on('error', (error: Error) => (failure = error))
  try {
    await redis.connect()
    const info = parseInfo(await redis.info())
    return [...judgeInfo(info), ...(await examineSettings(redis, info)), ...(await examineUsers(redis))]
  } catch (error) {
    const why = failure ?? error
    const text = why instanceof Error ? why.message : String(why)
    return [
      problem('redis', `Redis cannot be asked: ${text}.`, 'Look at CURFEW_REDIS_URL, and whether it runs.'),
    ]
  } finally {
    redis.disconnect()
  }
}

type Info = Readonly<Record<string, string>>

function parseInfo(text: string): Info {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^([a-z0-9_]+):(.*)$/.exec(line) ?? []
      return name === undefined ? [] : [[name, value ?? '']]
    }),
  )
}

export function judgeInfo(info: Info): Finding[] {
  const version = info['redis_version'] ?? ''
  const valkey = info['valkey_version']
  const name = valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`
  const evicted = Number(info['evicted_keys'] ?? 0)
  const isWriting = info['aof_last_write_status'] ?? 'ok'
  return [
    valkey !== undefined || isAtLeast(version, GOOD_VERSION)
      ? ok('redis', `${name}.`)
      : warning(
          'redis',
          `${name} cannot say when a write is on the disks of others: what is written last may be lost with the machine.`,
          `Update to ${GOOD_VERSION} or later, or to Valkey 8.`,
        ),
    ...(evicted > 0
      ? [
          problem(
            'redis',
            `It has thrown away ${counted(evicted, 'key')} to make room: sessions, or spent claims.`,
            'Give it more memory, and set maxmemory-policy noeviction.',
          ),
        ]
      : []),
    ...judgeMemory(info),
    ...(isWriting === 'ok'
      ? []
      : [problem('redis', 'It cannot write its append-only file.', 'Look at its disk.')]),
    ...(info['role'] === 'master' && info['connected_slaves'] === '0'
      ? [
          warning(
            'redis',
            'It has no replica: while it is away, only those who are known go on.',
            'Run a replica with automatic failover.',
          ),
        ]
      : []),
  ]
}

/** From INFO, because managed servers deny CONFIG, and so do the services' users. */
function judgeMemory({ maxmemory, maxmemory_policy: policy }: Info): Finding[] {
  return [
    ...(policy === undefined || policy === 'noeviction'
      ? []
      : [
          problem(
            'redis',
            `maxmemory-policy is ${policy}: a full server logs users out, lets suspended ones in, and makes spent claims valid again.`,
            'Set maxmemory-policy noeviction. The session service does not start without it.',
          ),
        ]),
    ...(maxmemory === '0'
      ? [
          warning(
            'redis',
            'maxmemory is not set: a server that fills its machine is killed instead of refusing writes.',
            'Set it to two thirds of what the machine or the container has.',
          ),
        ]
      : []),
  ]
}

async function examineSettings(redis: Redis, info: Info): Promise<Finding[]> {
  try {
    const names = [...SETTINGS, ...SETTINGS_OF_MANY].map(({ name }) => name)
    const replies = await Promise.all(names.map((name) => redis.config('GET', name)))
    const values = names.map((name, index): [string, string] => [name, replies[index]?.[1] ?? ''])
    return [...judgeSettings(values), ...judgeSettingsOfMany(values, info)]
  } catch (error) {
    if (!isNotAllowed(error)) throw error
    return [
      unseen(
        'redis',
        'This user may not read settings, which is right for a service.',
        'Look as an administrator as well: CURFEW_REDIS_URL with those credentials.',
      ),
    ]
  }
}

export function judgeSettings(values: readonly (readonly [string, string])[]): Finding[] {
  const actual = new Map(values)
  const faults = SETTINGS.flatMap(({ name, isGood, otherwise }) => {
    const value = actual.get(name) ?? ''
    return isGood(value)
      ? []
      : [
          problem(
            'redis',
            `${name} is ${value === '' ? 'not set' : value}: ${otherwise}.`,
            'Set it as infra/redis/redis.conf does.',
          ),
        ]
  })
  return faults.length > 0 ? faults : [ok('redis', 'Its settings are those of infra/redis/redis.conf.')]
}

export function judgeSettingsOfMany(values: readonly (readonly [string, string])[], info: Info): Finding[] {
  const actual = new Map(values)
  return SETTINGS_OF_MANY.filter(({ appliesTo }) => appliesTo(info)).flatMap(
    ({ name, isGood, otherwise }) => {
      const value = actual.get(name) ?? ''
      return isGood(value)
        ? []
        : [warning('redis', `${name} is ${value}: ${otherwise}.`, 'Set it at every server.')]
    },
  )
}

const DANGEROUS = [['FLUSHALL'], ['CONFIG', 'GET', 'dir'], ['DEBUG', 'SLEEP', '0'], ['KEYS', '*']] as const

async function examineUsers(redis: Redis): Promise<Finding[]> {
  try {
    const own = await redis.acl('WHOAMI')
    const rules = await redis.acl('LIST')
    const users = rules.flatMap((rule) => /^user (\S+) on /.exec(rule)?.[1] ?? [])
    const faults: Finding[] = []
    for (const user of users.filter((name) => name !== own)) {
      const allowed = await allowedTo(redis, user)
      if (user === 'default')
        faults.push(
          problem(
            'redis',
            'The user “default” may log in.',
            'Switch it off, as infra/redis/users.conf does.',
          ),
        )
      else if (allowed.length > 0)
        faults.push(
          warning(
            'redis',
            `The user ${user} may do ${allowed.join(', ')}.`,
            'Give services the rights of infra/redis/users.conf.',
          ),
        )
    }
    return faults.length > 0
      ? faults
      : [ok('redis', 'Nobody but administrators may empty or reconfigure it.')]
  } catch (error) {
    if (!isNotAllowed(error)) throw error
    return []
  }
}

async function allowedTo(redis: Redis, user: string): Promise<string[]> {
  const allowed: string[] = []
  for (const [command, ...args] of DANGEROUS)
    if ((await redis.call('ACL', 'DRYRUN', user, command, ...args)) === 'OK') allowed.push(command)
  return allowed
}

function is(...good: readonly string[]): (value: string) => boolean {
  return (value) => good.includes(value)
}

function isNotAllowed(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOPERM')
}
