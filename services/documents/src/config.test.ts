import { describe, expect, it } from 'vitest'

import { readConfig } from './config.ts'

const minimal = {
  DOCUMENTS_ISSUER: 'http://127.0.0.1:8082',
  DOCUMENTS_CLAIM_KEY_DIRECTORY: '/srv/claim-keys',
  CURFEW_NATS_URL: 'nats://documents:secret@127.0.0.1:4222',
  CURFEW_REDIS_URL: 'redis://documents:secret@127.0.0.1:6379',
}

describe('the settings', () => {
  it('need an issuer, a key and the servers, and have a default for the rest', () => {
    expect(readConfig(minimal)).toMatchObject({
      listen: { host: '127.0.0.1', port: 8082 },
      operations: { host: '127.0.0.1', port: 9082 },
      issuer: 'http://127.0.0.1:8082',
      files: { inside: 'http://127.0.0.1:8083', outside: 'http://127.0.0.1:8083' },
      claimKeys: {
        directory: '/srv/claim-keys',
        algorithm: 'Ed25519',
        rotateEverySeconds: 2_592_000,
        leadSeconds: 300,
      },
      claimLifetimeSeconds: 60,
      maxBytes: 1_073_741_824,
      documentQuota: { perUser: 10_000, perTenant: 1_000_000 },
      uploadQuota: { perUser: 1_000, perTenant: 10_000 },
    })
  })

  it('tell callers another address of the file service where it has one', () => {
    const urls = {
      DOCUMENTS_FILES_URL: 'http://files:8083',
      DOCUMENTS_FILES_PUBLIC_URL: 'https://files.example',
    }
    expect(readConfig({ ...minimal, ...urls }).files).toEqual({
      inside: 'http://files:8083',
      outside: 'https://files.example',
    })
  })

  it('leave rotation to somebody else where they say so', () => {
    const settings = { ...minimal, DOCUMENTS_CLAIM_KEY_ROTATION_SECONDS: '0' }
    expect(readConfig(settings).claimKeys.rotateEverySeconds).toBe(Infinity)
  })

  it.each([
    ['DOCUMENTS_CLAIM_KEY_ROTATION_SECONDS', '300'],
    ['DOCUMENTS_CLAIM_KEY_LEAD_SECONDS', '0'],
    ['DOCUMENTS_CLAIM_KEY_ALGORITHM', 'RS256'],
    ['DOCUMENTS_CLAIM_LIFETIME_SECONDS', '0'],
    ['DOCUMENTS_CLAIM_LIFETIME_SECONDS', '301'],
    ['DOCUMENTS_ISSUER', 'documents'],
    ['DOCUMENTS_ISSUER', 'http://documents/'],
    ['DOCUMENTS_ISSUER', 'http://user:password@documents'],
    ['DOCUMENTS_FILES_URL', 'http://files:8083/'],
    ['DOCUMENTS_FILES_URL', 'ftp://files'],
    ['DOCUMENTS_FILES_URL', 'http://files?x=y'],
    ['DOCUMENTS_MAX_BYTES', '1e9'],
    ['DOCUMENTS_ISUER', 'http://documents'],
  ])('refuse %s=%s', (name, value) => expect(() => readConfig({ ...minimal, [name]: value })).toThrow(name))
})

it('starts beside a Kubernetes Service of its own name', () => {
  const links = {
    DOCUMENTS_SERVICE_HOST: '10.96.0.17',
    DOCUMENTS_SERVICE_PORT: '80',
    DOCUMENTS_SERVICE_PORT_HTTP: '80',
    DOCUMENTS_PORT: 'tcp://10.96.0.17:80',
    DOCUMENTS_PORT_80_TCP: 'tcp://10.96.0.17:80',
    DOCUMENTS_PORT_80_TCP_PROTO: 'tcp',
    DOCUMENTS_PORT_80_TCP_PORT: '80',
    DOCUMENTS_PORT_80_TCP_ADDR: '10.96.0.17',
  }
  expect(readConfig({ ...minimal, ...links })).toMatchObject({ listen: { port: 8082 } })
})
