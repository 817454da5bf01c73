import { describe, expect, it } from 'vitest'

import { readConfig } from './config.ts'

const LEAST = { CURFEW_NATS_URL: 'nats://u:hunter2@h:1', CURFEW_REDIS_URL: 'redis://u:hunter2@h:1' }

describe('the configuration', () => {
  it('needs only the two servers', () => {
    expect(readConfig(LEAST)).toMatchObject({
      SESSION_HOST: '127.0.0.1',
      SESSION_PORT: 8081,
      SESSION_IDLE_TIMEOUT_SECONDS: 1_800,
      SESSION_ABSOLUTE_TIMEOUT_SECONDS: 43_200,
      SESSION_RECENT_AUTHENTICATION_SECONDS: 900,
    })
  })

  it.each([
    ['CURFEW_NATS_URL', { CURFEW_NATS_URL: '' }],
    ['SESSION_PORT', { SESSION_PORT: '80a' }],
    ['SESSION_IDLE_TIMEOUT_SECONDS', { SESSION_IDLE_TIMEOUT_SECONDS: '0' }],
    ['SESSION_LOG_LEVEL', { SESSION_LOG_LEVEL: 'loud' }],
    ['SESSION_IDEL_TIMEOUT_SECONDS', { SESSION_IDEL_TIMEOUT_SECONDS: '5' }],
    ['SESSION_IDLE_TIMEOUT_SECONDS', { SESSION_ABSOLUTE_TIMEOUT_SECONDS: '5' }],
  ])('is refused naming %s', (name, changes) => {
    expect(() => readConfig({ ...LEAST, ...changes })).toThrow(name)
  })

  it('shows no password when it is printed', () => {
    expect(JSON.stringify(readConfig(LEAST))).not.toContain('hunter2')
  })
})
