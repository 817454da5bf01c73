import { describe, expect, it } from 'vitest'

import { serviceSettings } from './service-settings.ts'

const settings = serviceSettings({
  servers: {
    natsUrl: (user) => `nats://${user}:secret@127.0.0.1:4322`,
    redisUrl: (user) => `redis://${user}:secret@127.0.0.1:6479`,
  },
  identities: {
    files: {
      accounts: '/d/accounts.json',
      clients: '/d/clients.json',
      seed: '/d/seed.json',
      csrfKey: '/d/csrf',
    },
  },
  directory: '/d',
  ports: {
    gateway: { public: 1, operations: 11 },
    session: { public: 2, operations: 12 },
    documents: { public: 3, operations: 13 },
    files: { public: 4, operations: 14 },
    console: { public: 5, operations: 15 },
  },
})

function holders(value: string): string[] {
  return Object.entries(settings).flatMap(([service, own]) =>
    Object.values(own).includes(value) ? [service] : [],
  )
}

describe('serviceSettings', () => {
  it('gives each service the users of its own name, and Redis only to those that own data in it', () => {
    const { console, ...connected } = settings
    expect(Object.keys(console).filter((name) => name.startsWith('CURFEW_'))).toEqual([])
    for (const [service, own] of Object.entries(connected)) {
      expect(own.CURFEW_NATS_URL).toBe(`nats://${service}:secret@127.0.0.1:4322`)
    }
    expect(settings.session.CURFEW_REDIS_URL).toContain('//session:')
    expect(settings.documents.CURFEW_REDIS_URL).toContain('//documents:')
    expect(settings.gateway).not.toHaveProperty('CURFEW_REDIS_URL')
    expect(settings.files).not.toHaveProperty('CURFEW_REDIS_URL')
  })

  it('gives secrets only to the service that needs them', () => {
    expect(holders('/d/accounts.json')).toEqual(['gateway'])
    expect(holders('/d/csrf')).toEqual(['gateway'])
    expect(holders('/d/claim-keys')).toEqual(['documents'])
    expect(holders('/d/clients.json')).toEqual(['session'])
  })

  it('names the console to the gateway, so that operators behind it are told apart by their addresses', () => {
    const { hostname } = new URL(settings.console.CONSOLE_GATEWAY_URL ?? '')
    expect(settings.gateway.GATEWAY_TRUSTED_PROXIES).toBe(hostname)
  })

  it('tells the services where the others are', () => {
    expect(settings.gateway.GATEWAY_UPSTREAMS).toBe('documents=http://127.0.0.1:3')
    expect(settings.documents.DOCUMENTS_FILES_URL).toBe('http://127.0.0.1:4')
    expect(settings.console.CONSOLE_GATEWAY_URL).toBe('http://127.0.0.1:1')
    expect(settings.console.CONSOLE_SESSION_URL).toBe('http://127.0.0.1:2')
    expect(settings.files.FILES_ISSUERS).toBe('http://127.0.0.1:3=http://127.0.0.1:3/.well-known/jwks.json')
  })
})
