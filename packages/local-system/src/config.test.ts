import { describe, expect, it } from 'vitest'

import { inheritedEnvironment } from './config.ts'

describe('inheritedEnvironment', () => {
  const env = {
    PATH: '/bin',
    HOME: '/home/someone',
    UNSET: undefined,
    CURFEW_NATS_PORT: '1',
    SESSION_LOG_LEVEL: 'debug',
    GATEWAY_PORT: '2',
  }

  it('passes on what is not ours', () => {
    expect(inheritedEnvironment(env)).toEqual({ PATH: '/bin', HOME: '/home/someone' })
  })

  it('gives a service its own settings and no other’s: an unknown one would stop it', () => {
    expect(inheritedEnvironment(env, 'SESSION_')).toEqual({
      PATH: '/bin',
      HOME: '/home/someone',
      SESSION_LOG_LEVEL: 'debug',
    })
  })
})
