import { ConfigError } from '@curfew/service-kit'
import { expect, it } from 'vitest'

import { readConfig } from './config.ts'

const minimal = {
  FILES_ROOT: '/srv/files',
  FILES_ISSUERS: 'https://a.test=https://a.test/.well-known/jwks.json',
  CURFEW_NATS_URL: 'nats://files:secret@127.0.0.1:4222',
}

it('needs a place for the files, issuers and the broker, and has a default for the rest', () => {
  expect(readConfig(minimal)).toEqual({
    listen: { host: '127.0.0.1', port: 8083 },
    operations: { host: '127.0.0.1', port: 9083 },
    drainDelayMs: 5_000,
    logLevel: 'info',
    natsUrl: 'nats://files:secret@127.0.0.1:4222',
    root: '/srv/files',
    issuers: new Map([['https://a.test', new URL('https://a.test/.well-known/jwks.json')]]),
    claimAlgorithms: ['Ed25519'],
    allowClaimInUrl: false,
    corsOrigins: new Set(),
    maxBytes: 1_073_741_824,
    stallMs: 30_000,
    minBytesPerSecond: 4_096,
    isTrustedProxy: expect.any(Function),
  })
})

it('names everything that is missing or unknown at once', () => {
  const fault = (() => {
    try {
      return readConfig({ FILES_ALOW_CLAIM_IN_URL: 'true' })
    } catch (error) {
      return error
    }
  })()
  expect(fault).toBeInstanceOf(ConfigError)
  for (const name of ['FILES_ROOT', 'FILES_ISSUERS', 'CURFEW_NATS_URL', 'FILES_ALOW_CLAIM_IN_URL'])
    expect(String(fault)).toContain(name)
})

it('reads several issuers', () => {
  const FILES_ISSUERS = 'https://a.test=https://a.test/jwks.json?v=1, b=http://b:8082/jwks.json'
  expect(
    [...readConfig({ ...minimal, FILES_ISSUERS }).issuers].map(([issuer, url]) => [issuer, url.href]),
  ).toEqual([
    ['https://a.test', 'https://a.test/jwks.json?v=1'],
    ['b', 'http://b:8082/jwks.json'],
  ])
})

it.each([
  'https://a.test',
  '=https://a.test/jwks',
  'a=',
  'a=ftp://a.test/jwks',
  'a=file:///etc/passwd',
  'a=http://a/jwks,',
  'a=http://a/jwks,a=http://b/jwks',
])('refuses the issuers %s', (FILES_ISSUERS) =>
  expect(() => readConfig({ ...minimal, FILES_ISSUERS })).toThrow(/FILES_ISSUERS/),
)

it('accepts other signatures than Ed25519 only where it is told to', () => {
  const read = (FILES_CLAIM_ALGORITHMS: string) =>
    readConfig({ ...minimal, FILES_CLAIM_ALGORITHMS }).claimAlgorithms
  expect(read('ES256, Ed25519')).toEqual(['Ed25519', 'ES256'])
  for (const wrong of ['none', 'HS256', 'Ed25519,none', 'Ed25519,Ed25519', ','])
    expect(() => read(wrong)).toThrow('FILES_CLAIM_ALGORITHMS')
})

it('lets the pages of no other origin send claims, unless they are named exactly', () => {
  const read = (FILES_CORS_ORIGINS: string) => [...readConfig({ ...minimal, FILES_CORS_ORIGINS }).corsOrigins]
  expect(read('https://app.example, http://localhost:8080')).toEqual([
    'https://app.example',
    'http://localhost:8080',
  ])
  for (const wrong of ['*', 'null', 'https://*.example', 'https://app.example/', 'app.example', 'file:///'])
    expect(() => read(wrong)).toThrow('FILES_CORS_ORIGINS')
})

it('takes the word of no proxy about the client, unless it is named', () => {
  const trusts = (FILES_TRUSTED_PROXIES: string) =>
    readConfig({ ...minimal, FILES_TRUSTED_PROXIES }).isTrustedProxy('10.1.2.3')
  expect([trusts(''), trusts('192.0.2.1, 10.0.0.0/8')]).toEqual([false, true])
  expect(() => trusts('10.0.0.0/8,proxy')).toThrow('FILES_TRUSTED_PROXIES: "proxy"')
})

it('starts beside a Kubernetes Service of its own name', () => {
  const links = {
    FILES_SERVICE_HOST: '10.96.0.17',
    FILES_SERVICE_PORT: '80',
    FILES_SERVICE_PORT_HTTP: '80',
    FILES_PORT: 'tcp://10.96.0.17:80',
    FILES_PORT_80_TCP: 'tcp://10.96.0.17:80',
    FILES_PORT_80_TCP_PROTO: 'tcp',
    FILES_PORT_80_TCP_PORT: '80',
    FILES_PORT_80_TCP_ADDR: '10.96.0.17',
  }
  expect(readConfig({ ...minimal, ...links })).toMatchObject({ listen: { port: 8083 } })
})
