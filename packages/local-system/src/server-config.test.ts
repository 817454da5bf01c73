import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { REPOSITORY } from './config.ts'
import { NATS_USERS, REDIS_USERS, createCredentials } from './credentials.ts'
import { natsConfig, natsEnvironment, redisConfig } from './server-config.ts'

const credentials = createCredentials()

describe('natsConfig', () => {
  it('takes exactly the variables that natsEnvironment sets', () => {
    const taken = [...natsConfig().matchAll(/^[^#\n]*\$(CURFEW_\w+)/gm)].map(([, name]) => name)
    expect(new Set(taken)).toEqual(new Set(Object.keys(natsEnvironment(credentials, '/data'))))
  })

  it('names every user once and holds no password', () => {
    for (const user of NATS_USERS) {
      expect(natsConfig().match(new RegExp(`user: ${user}$`, 'gm'))).toHaveLength(1)
      expect(natsConfig()).not.toContain(credentials.nats[user])
    }
  })

  it('opens no monitoring port and listens on loopback unless told otherwise', () => {
    expect(natsConfig()).not.toMatch(/^\s*(http|https|http_port|https_port|monitor_port)\b/m)
    expect(natsConfig()).toMatch(/^host: 127\.0\.0\.1$/m)
  })
})

describe('natsEnvironment', () => {
  it('quotes the directory, because the server parses the value', () => {
    expect(natsEnvironment(credentials, '/home/a b/.data')['CURFEW_NATS_STORE_DIR']).toBe('"/home/a b/.data"')
  })
})

describe('redisConfig', () => {
  const config = redisConfig(credentials)

  it('puts the hash of each password into place, and no password', () => {
    for (const user of REDIS_USERS) {
      const hash = createHash('sha256').update(credentials.redis[user]).digest('hex')
      expect(config).toMatch(new RegExp(`^user ${user} on #${hash} `, 'm'))
      expect(config).not.toContain(credentials.redis[user])
    }
    expect(config.replaceAll(/^#.*$/gm, '')).not.toContain('$')
  })

  it('switches the default user off', () => {
    expect(config).toMatch(/^user default off /m)
  })
})

describe('compose.yaml', () => {
  const file = readFileSync(join(REPOSITORY, 'infra/compose.yaml'), 'utf8')
  const [, services = ''] = /^services:\n(.*?)^\w/ms.exec(file) ?? []
  const containers = services.split(/^(?=  [a-z]+:$)/m).filter((text) => text.trim() !== '')

  it('locks every container down alike, the servers and the setup among them', () => {
    expect(containers.map((text) => text.trim().split(':')[0])).toEqual(
      expect.arrayContaining([
        'setup',
        'nats',
        'redis',
        'session',
        'gateway',
        'documents',
        'files',
        'console',
      ]),
    )
    for (const container of containers) {
      expect(container).toMatch(/^    <<: \*(locked-down|service)$/m)
      // Nothing of it is taken back.
      expect(container).not.toMatch(
        /^    (user|read_only|cap_add|privileged|security_opt|pids_limit|mem_limit):/m,
      )
    }
  })

  it('publishes ports on loopback alone', () => {
    const published = [...services.matchAll(/ports: \[(.*)\]/g)].map(([, list = '']) => list)
    expect(published.length).toBeGreaterThan(3)
    for (const list of published) expect(list).toMatch(/^'127\.0\.0\.1:[^,]+'(, '127\.0\.0\.1:[^,]+')*$/)
  })
})
