import { randomBytes } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { createDeviceCookies } from './device-cookie.ts'

const DAY_MS = 24 * 3_600_000
const nowMs = 1_800_000_000_000
const alice = { tenant: 'acme', username: 'alice' }
const devices = createDeviceCookies(randomBytes(32))
const valueOf = (cookie: string): string => /^__Host-device=([^;]+); /.exec(cookie)?.[1] ?? ''
const value = valueOf(devices.issue(alice, undefined, nowMs))

describe('the cookie of a device', () => {
  it('is one that browsers protect, lasts beyond the session, and says nothing about anybody', () => {
    const cookie = devices.issue(alice, undefined, nowMs)
    expect(cookie).toMatch(
      /^__Host-device=[A-Za-z0-9_.-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000$/,
    )
    expect(Buffer.from(valueOf(cookie), 'base64url').toString('latin1')).not.toMatch(/alice|acme/)
    expect(cookie.length).toBeLessThan(256)
  })

  it('shows that the account has been logged in to from there, with the id that it keeps at the next login', () => {
    const id = devices.deviceOf(value, alice, nowMs)
    expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
    const renewed = valueOf(devices.issue(alice, id, nowMs + DAY_MS))
    expect(renewed).not.toBe(value)
    expect(devices.deviceOf(renewed, alice, nowMs + 180 * DAY_MS)).toBe(id)
  })

  it.each([
    { tenant: 'acme', username: 'bob' },
    { tenant: 'globex', username: 'alice' },
    { tenant: 'acmea', username: 'lice' },
    { tenant: '', username: '' },
  ])('is worth nothing for %j', (account) => {
    expect(devices.deviceOf(value, account, nowMs)).toBeUndefined()
  })

  it('is worth nothing when it is old, changed, cut, made up or signed by another key', () => {
    const foreign = createDeviceCookies(randomBytes(32)).issue(alice, undefined, nowMs)
    const [id = '', expires = '', signature = ''] = value.split('.')
    expect(devices.deviceOf(value, alice, nowMs + 180 * DAY_MS)).toBeUndefined()
    for (const wrong of [
      '',
      'x'.repeat(10_000),
      valueOf(foreign),
      `${'A'.repeat(22)}.${expires}.${signature}`,
      `${id}.${Number(expires) + 1}.${signature}`,
      `${id}.${expires}.${'A'.repeat(43)}`,
      `${id}.${expires}`,
      `${value}A`,
      value.slice(0, -1),
    ])
      expect(devices.deviceOf(wrong, alice, nowMs)).toBeUndefined()
  })
})
