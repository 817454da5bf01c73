import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from 'vitest'

import { readConfig } from './config.ts'

const directory = mkdtempSync(join(tmpdir(), 'curfew-config-'))
const keyFile = join(directory, 'key')
writeFileSync(keyFile, 'k'.repeat(43))
afterAll(() => rmSync(directory, { recursive: true }))

const least = {
  GATEWAY_ACCOUNTS_FILE: '/accounts.json',
  GATEWAY_CSRF_KEY_FILE: keyFile,
  CURFEW_NATS_URL: 'nats://gateway:pw@127.0.0.1:4222',
}

async function faultsOf(env: Record<string, string>): Promise<string> {
  const outcome = await readConfig({ ...least, ...env }).catch((error: unknown) => error)
  return outcome instanceof Error ? outcome.message : 'no fault'
}

describe('the settings', () => {
  it('have defaults for everything but files and credentials', async () => {
    const config = await readConfig(least)
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      operations: { host: '127.0.0.1', port: 9080 },
      cookieName: '__Host-session',
      bodyBytesMax: 10 * 1024 * 1024,
      recentAuthenticationSeconds: 900,
    })
    expect([...config.upstreams]).toEqual([['documents', 'http://127.0.0.1:8082']])
    expect([...config.programmaticClients]).toEqual(['api', 'cli', 'console'])
  })

  it('name headers of clients that services get besides those of the standards', async () => {
    const { relayedHeaders } = await readConfig({ ...least, GATEWAY_RELAYED_HEADERS: 'X-Shop-*, x-api-key' })
    expect(relayedHeaders).toEqual(['x-shop-*', 'x-api-key'])
  })

  it.each([
    'x_till',
    '*',
    'x-*-user',
    'x-forwarded-for',
    'x-forwarded-*',
    'X-Session-User',
    'authorization',
    'proxy',
  ])('take no header %s from clients', async (name) =>
    expect(await faultsOf({ GATEWAY_RELAYED_HEADERS: name })).toContain('GATEWAY_RELAYED_HEADERS'),
  )

  it('name several services, each by its origin', async () => {
    const { upstreams } = await readConfig({
      ...least,
      GATEWAY_UPSTREAMS: 'documents=http://d:1, billing=https://b.example/',
    })
    expect([...upstreams]).toEqual([
      ['documents', 'http://d:1'],
      ['billing', 'https://b.example'],
    ])
  })

  it.each([
    'documents',
    'documents=',
    'documents=d:8082',
    'documents=http://d/path',
    'documents=http://d/?x',
    'documents=http://user:secret@d',
    'documents=ftp://d',
    'Documents=http://d',
    'a/b=http://d',
    '..=http://d',
    'gateway=http://d',
    'documents=http://d,documents=http://e',
  ])('refuse the services %j, and quote no credential', async (text) => {
    const faults = await faultsOf({ GATEWAY_UPSTREAMS: text })
    expect(faults).toContain('GATEWAY_UPSTREAMS')
    expect(faults).not.toContain('secret')
  })

  it.each([
    ['GATEWAY_COOKIE_NAME', 'session'],
    ['GATEWAY_COOKIE_NAME', '__Host-a b'],
    ['GATEWAY_COOKIE_NAME', '__Host-a;Domain=x'],
    ['GATEWAY_PROGRAMMATIC_CLIENTS', 'api,browser'],
    ['GATEWAY_PROGRAMMATIC_CLIENTS', 'a b'],
    ['GATEWAY_PORT', '0'],
    ['GATEWAY_PORT', '80x'],
    ['GATEWAY_CSRF_KEY_FILE', '/missing'],
    ['GATEWAY_BODY_BYTES_MAX', '-1'],
    ['GATEWAY_RECENT_AUTHENTICATION_SECONDS', '0'],
    ['GATEWAY_UNKNOWN', 'x'],
    ['GATEWAY_PASSWORD_LENGTH_MIN', '7'],
    ['GATEWAY_PASSWORD_LENGTH_MIN', '65'],
    ['GATEWAY_LOGINS_PER_MINUTE', '0'],
    ['GATEWAY_ACCOUNT_LOGINS_PER_DAY', '0'],
    ['GATEWAY_LOGIN_FAILURES_FREE', '0'],
    ['GATEWAY_TOKEN_GUESSES_PER_MINUTE', '-1'],
    ['GATEWAY_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['GATEWAY_TRUSTED_PROXIES', '10.0.0.1, proxy.example'],
    ['GATEWAY_TRUSTED_PROXIES', '*'],
    ['GATEWAY_CORS_ORIGINS', '*'],
    ['GATEWAY_CORS_ORIGINS', 'null'],
    ['GATEWAY_CORS_ORIGINS', 'https://app.example/'],
    ['GATEWAY_CORS_ORIGINS', 'https://*.example'],
    ['GATEWAY_CORS_ORIGINS', 'http://app.example'],
    ['GATEWAY_CORS_ORIGINS', 'https://APP.example'],
    ['GATEWAY_FORWARD_AUTH_AUDIENCES', 'wiki,a b'],
    ['GATEWAY_FORWARD_AUTH_AUDIENCES', 'gateway'],
  ])('refuse %s=%j', async (name, value) => expect(await faultsOf({ [name]: value })).toContain(name))

  it('refuse a key that can be guessed', async () => {
    const short = join(directory, 'short')
    writeFileSync(short, 'k'.repeat(31))
    expect(await faultsOf({ GATEWAY_CSRF_KEY_FILE: short })).toContain('fewer than 32 bytes')
  })

  it('name proxies, pages of other origins and services behind other proxies; nobody without them', async () => {
    const closed = await readConfig(least)
    expect(closed.isTrustedProxy('127.0.0.1')).toBe(false)
    expect([closed.corsOrigins.size, closed.forwardAuthAudiences.size]).toEqual([0, 0])
    const open = await readConfig({
      ...least,
      GATEWAY_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      GATEWAY_CORS_ORIGINS: 'https://app.example, http://localhost:3000',
      GATEWAY_FORWARD_AUTH_AUDIENCES: 'wiki',
    })
    expect(['10.1.2.3', '::1', '11.0.0.1'].map(open.isTrustedProxy)).toEqual([true, true, false])
    expect([...open.corsOrigins]).toEqual(['https://app.example', 'http://localhost:3000'])
    expect([...open.forwardAuthAudiences]).toEqual(['wiki'])
  })

  it('tell every fault at once', async () => {
    const faults = await faultsOf({ GATEWAY_PROGRAMMATIC_CLIENTS: 'browser', GATEWAY_UPSTREAMS: 'x' })
    expect(faults.split('\n')).toHaveLength(2)
  })
})

it('starts beside a Kubernetes Service of its own name', async () => {
  const links = {
    GATEWAY_SERVICE_HOST: '10.96.0.17',
    GATEWAY_SERVICE_PORT: '80',
    GATEWAY_SERVICE_PORT_HTTP: '80',
    GATEWAY_PORT: 'tcp://10.96.0.17:80',
    GATEWAY_PORT_80_TCP: 'tcp://10.96.0.17:80',
    GATEWAY_PORT_80_TCP_PROTO: 'tcp',
    GATEWAY_PORT_80_TCP_PORT: '80',
    GATEWAY_PORT_80_TCP_ADDR: '10.96.0.17',
  }
  expect(await readConfig({ ...least, ...links })).toMatchObject({ listen: { port: 8080 } })
})
