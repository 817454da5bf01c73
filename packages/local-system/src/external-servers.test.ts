import { describe, expect, it } from 'vitest'

import { externalServers } from './external-servers.ts'

describe('externalServers', () => {
  it('is nothing when no variable is set', () => {
    expect(externalServers({})).toBeUndefined()
  })

  it.each([{ CURFEW_NATS_URL: 'nats://127.0.0.1' }, { CURFEW_REDIS_URL: 'redis://127.0.0.1' }])(
    'refuses one without the other, rather than mixing somebody’s server with ours: %j',
    (env) => {
      expect(() => externalServers(env)).toThrow(/both CURFEW_NATS_URL and CURFEW_REDIS_URL/)
    },
  )

  it('refuses what is no URL, without repeating it: it may hold a password', () => {
    const env = { CURFEW_NATS_URL: 'secret', CURFEW_REDIS_URL: 'redis://127.0.0.1' }
    expect(() => externalServers(env)).toThrow(/^CURFEW_NATS_URL is not a URL$/)
  })

  it('takes a list of NATS servers, and the usual ports where none is given', () => {
    const servers = externalServers({
      CURFEW_NATS_URL: 'nats://u:p@a:4333,nats://u:p@b:4333',
      CURFEW_REDIS_URL: 'redis://127.0.0.1',
    })
    expect(servers?.nats.port).toBe(4333)
    expect(servers?.redis.port).toBe(6379)
  })

  it('neither stops nor restarts what it did not start', async () => {
    const servers = externalServers({
      CURFEW_NATS_URL: 'nats://127.0.0.1',
      CURFEW_REDIS_URL: 'redis://127.0.0.1',
    })
    await expect(servers?.nats.restart()).rejects.toThrow(/not run from here/)
    await expect(servers?.redis.kill('SIGKILL')).rejects.toThrow(/not run from here/)
    await servers?.stop()
  })
})
