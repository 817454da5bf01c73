/**
 * ② ④ Group 4: sessions end by themselves. Clocks are turned forward where the authority runs inside the test.
 */
import { expectJson } from '@curfew/test-kit'
import { expect } from 'vitest'

import { newToken } from './backend.ts'
import { introspect } from './calls.ts'
import { atAuthority } from './operating.ts'
import { conforms } from './register.ts'
import { timeouts } from './statements/timeouts.ts'

interface Limits {
  readonly levels: Record<string, { idle_timeout_seconds: number; absolute_timeout_seconds: number }>
}

const LIFETIMES = 'services/session/test/lifetimes.test.ts'

conforms(timeouts, ({ shows, shownBy }) => {
  shows('TO-01', 'the limits in force can be read, and each has an absolute one', async () => {
    const { levels } = await expectJson<Limits>(await (await atAuthority()).get('/v1/limits'), 200)
    expect(Object.keys(levels)).toEqual(['aal1', 'aal2', 'aal3'])
    for (const { idle_timeout_seconds: idle, absolute_timeout_seconds: absolute } of Object.values(levels)) {
      expect(idle).toBeGreaterThan(0)
      expect(absolute).toBeGreaterThanOrEqual(idle)
      expect(absolute).toBeLessThanOrEqual(30 * 86_400)
    }
    expect(levels['aal3']?.absolute_timeout_seconds).toBeLessThanOrEqual(12 * 3_600)
  })
  shownBy('TO-01', 'services/session/src/config.test.ts', '%s=%s stops the boot')
  shows('TO-02', 'exp is the idle limit while that is nearer', async () => {
    const { levels } = await expectJson<Limits>(await (await atAuthority()).get('/v1/limits'), 200)
    const { exp = 0, iat = 0 } = await introspect(await newToken('idler'))
    expect(exp - iat).toBe(levels['aal1']?.idle_timeout_seconds)
  })
  shownBy('TO-02', LIFETIMES, 'verifiers that remember a session end it at its idle limit')
  shownBy(
    'TO-02',
    'test/flows/idle-streams.test.ts',
    'ends at its idle limit while a stream is open, which is told',
  )
  shownBy(
    'TO-03',
    'services/session/test/sessions.test.ts',
    'keeps a used session beyond its idle limit and ends it at the absolute one',
  )
  shownBy('TO-03', LIFETIMES, 'of a level that is reached later apply from then on, whatever the traffic')
  shownBy(
    'TO-04',
    LIFETIMES,
    'are moved by traffic (the idle one), by a re-authentication (both), and by nothing else',
  )
  shownBy(
    'TO-04',
    'services/session/test/sessions.test.ts',
    'moves no idle deadline of a session that is only watched',
  )
  shownBy('TO-05', LIFETIMES, 'and at its absolute limit while NATS answers nobody')
  shownBy(
    'TO-05',
    'services/session/test/rotation.test.ts',
    'is refused for everyone else, for the unknown and for the ended',
  )
})
