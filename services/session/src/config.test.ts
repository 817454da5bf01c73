import { describe, expect, it } from 'vitest'

import { readConfig, settingsOf } from './config.ts'

const LEAST = { CURFEW_NATS_URL: 'nats://u:hunter2@h:1', CURFEW_REDIS_URL: 'redis://u:hunter2@h:1' }

const read = (env: Record<string, string>) => readConfig({ ...LEAST, ...env })

describe('the configuration', () => {
  it('needs only the two servers', () => {
    expect(readConfig(LEAST)).toMatchObject({
      SESSION_HOST: '127.0.0.1',
      SESSION_PORT: 8081,
      SESSION_OPERATIONS_HOST: '127.0.0.1',
      SESSION_OPERATIONS_PORT: 9081,
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

describe('the limits of sessions', () => {
  it('have defaults that no level exceeds', () => {
    const { limits, maxPerUser, overlapMs } = settingsOf(read({}))
    expect(limits).toEqual({
      standard: { idleTimeoutMs: 1_800_000, absoluteTimeoutMs: 43_200_000 },
      aal2: { idleTimeoutMs: 3_600_000, absoluteTimeoutMs: 86_400_000 },
      aal3: { idleTimeoutMs: 900_000, absoluteTimeoutMs: 43_200_000 },
    })
    expect([maxPerUser, overlapMs]).toEqual([100, 10_000])
  })

  const ABSOLUTE = ['SESSION_', 'SESSION_AAL2_', 'SESSION_AAL3_'].map(
    (level) => `${level}ABSOLUTE_TIMEOUT_SECONDS`,
  )
  it.each(
    ABSOLUTE.flatMap((name) =>
      ['0', '-1', 'null', 'Infinity', '1e99', '99999999'].map((value) => [name, value]),
    ),
  )('%s=%s stops the boot', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name)
  })

  it.each([
    ['SESSION_AAL3_ABSOLUTE_TIMEOUT_SECONDS', '43201'],
    ['SESSION_AAL3_IDLE_TIMEOUT_SECONDS', '43201'],
    ['SESSION_ABSOLUTE_TIMEOUT_SECONDS', '2592001'],
    ['SESSION_ROTATION_OVERLAP_SECONDS', '11'],
    ['SESSION_ROTATION_OVERLAP_SECONDS', '-1'],
    ['SESSION_MAX_PER_USER', '0'],
    ['SESSION_MAX_PER_USER', '10001'],
  ])('%s=%s stops the boot', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name)
  })

  it('say every level whose idle limit is the longer one', () => {
    const env = {
      SESSION_IDLE_TIMEOUT_SECONDS: '11',
      SESSION_ABSOLUTE_TIMEOUT_SECONDS: '10',
      SESSION_AAL3_IDLE_TIMEOUT_SECONDS: '9',
      SESSION_AAL3_ABSOLUTE_TIMEOUT_SECONDS: '8',
    }
    expect(() => read(env)).toThrow(/SESSION_IDLE_TIMEOUT_SECONDS is longer[^]*SESSION_AAL3_IDLE/)
    expect(
      read({ ...env, SESSION_IDLE_TIMEOUT_SECONDS: '10', SESSION_AAL3_IDLE_TIMEOUT_SECONDS: '8' }),
    ).toBeDefined()
  })
})

it('starts beside a Kubernetes Service of its own name', () => {
  const links = {
    SESSION_SERVICE_HOST: '10.96.0.17',
    SESSION_SERVICE_PORT: '80',
    SESSION_SERVICE_PORT_HTTP: '80',
    SESSION_PORT: 'tcp://10.96.0.17:80',
    SESSION_PORT_80_TCP: 'tcp://10.96.0.17:80',
    SESSION_PORT_80_TCP_PROTO: 'tcp',
    SESSION_PORT_80_TCP_PORT: '80',
    SESSION_PORT_80_TCP_ADDR: '10.96.0.17',
  }
  expect(readConfig({ ...LEAST, ...links })).toMatchObject({ SESSION_PORT: 8081 })
})
