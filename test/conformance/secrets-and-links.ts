/**
 * ①–⑦ Group 10, what is not about claims: secrets, connections and who may do what on them.
 */
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { connect } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { expect } from 'vitest'

import { plain } from './calls.ts'
import { conforms } from './register.ts'
import { everybody, system } from './stage.ts'
import { secretsAndLinks } from './statements/secrets-and-links.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** What keys, tokens and passwords look like where somebody has left them behind. */
const LEFT_BEHIND = [
  /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{60}/,
  /"d"\s*:\s*"[A-Za-z0-9_-]{43}"/,
  /\bcf[sr]_(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{65}\b/,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36}\b/,
]

function trackedFiles(): string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((name) => name !== '')
}

conforms(secretsAndLinks, ({ shows, shownBy, except }) => {
  shows(
    'KM-05',
    'no file of the repository holds a private key, a token or a foreign credential',
    async () => {
      const files = trackedFiles()
      expect(files.length).toBeGreaterThan(400)
      const found: string[] = []
      for (const file of files) {
        const text = await readFile(resolve(ROOT, file), 'utf8').catch(() => '')
        if (LEFT_BEHIND.some((pattern) => pattern.test(text))) found.push(file)
      }
      expect(found).toEqual([])
    },
  )
  shows('KM-05', 'neither numbers nor debugging nor error pages show anything of the settings', async () => {
    const secrets = [
      new URL(system().servers.natsUrl('session')).password,
      new URL(system().servers.redisUrl('session')).password,
      ...system().clients.map(({ secret }) => secret),
    ]
    for (const url of everybody().flatMap((one) => [one.url, one.operationsUrl]))
      for (const path of [
        '/metrics',
        '/healthz',
        '/readyz',
        '/debug',
        '/debug/pprof',
        '/.env',
        '/config',
        '/%',
      ]) {
        const text = await (await plain(url).get(path)).text()
        for (const secret of secrets) expect(text.includes(secret), `${url}${path}`).toBe(false)
      }
  })
  shownBy(
    'KM-05',
    'packages/service-kit/test/run-service.test.ts',
    'for its configuration names every fault on a line of its own, and no value, and ends with code 1',
  )
  shownBy('KM-05', 'test/flows/secrets.test.ts', 'is written nowhere')

  shows('KM-06', 'NATS and Redis let nobody in without a password, nor with a wrong one', async () => {
    const nats = new URL(system().servers.natsUrl('session'))
    const servers = `${nats.hostname}:${nats.port}`
    for (const login of [{}, { user: 'session', pass: 'wrong' }, { user: 'nobody', pass: nats.password }])
      await expect(connect({ servers, reconnect: false, ...login })).rejects.toThrow(/authorization/i)
    const url = new URL(system().servers.redisUrl('session'))
    for (const password of [undefined, 'wrong']) {
      const redis = new Redis({
        host: url.hostname,
        port: Number(url.port),
        lazyConnect: true,
        retryStrategy: () => null,
        ...(password !== undefined && { username: 'session', password }),
      })
      redis.on('error', () => undefined)
      await expect(redis.connect().then(() => redis.get('curfew:applied'))).rejects.toThrow(
        /NOAUTH|WRONGPASS|closed/,
      )
      redis.disconnect()
    }
  })
  shownBy(
    'KM-06',
    'packages/messaging/src/server-address.test.ts',
    'may name several servers, which share the credentials',
  )
  except(
    'KM-06',
    'the development system speaks to NATS and Redis on loopback without TLS. Encryption is a setting without a fallback: tls:// and rediss:// never speak to a server that offers none (SECURITY.md, “What is assumed”)',
  )
  shownBy(
    'KM-07',
    'packages/local-system/test/nats-permissions.test.ts',
    'cannot be forged through the feed, by anyone',
  )
  shownBy(
    'KM-07',
    'packages/local-system/test/redis-permissions.test.ts',
    'can neither read nor write the other’s keys, not through a script or a rename either',
  )
  shownBy(
    'KM-07',
    'packages/local-system/test/nats-permissions.test.ts',
    'is followed by session, gateway and documents; files has no part in it',
  )
})
