import { randomBytes } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { DEVICE_LENGTH_MAX, createDeviceProofs, deviceCookie } from './device-cookie.ts'

const DAY_MS = 24 * 3_600_000
const nowMs = 1_800_000_000_000
const alice = { tenant: 'acme', username: 'alice' }
const bob = { tenant: 'acme', username: 'bob' }
const devices = createDeviceProofs(randomBytes(32))
const value = devices.issue(undefined, alice, nowMs)

describe('the cookie of a device', () => {
  it('is one that browsers protect, lasts beyond the session, and says nothing about anybody', () => {
    const cookie = deviceCookie(value)
    expect(cookie).toMatch(
      /^__Host-device=[A-Za-z0-9_.-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000$/,
    )
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toMatch(/alice|acme/)
    expect(cookie.length).toBeLessThan(256)
  })

  it('shows that the account has been logged in to from there, with the id that it keeps at the next login', () => {
    const id = devices.deviceOf(value, alice, nowMs)
    expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
    const renewed = devices.issue(value, alice, nowMs + DAY_MS)
    expect(renewed).not.toBe(value)
    expect(devices.deviceOf(renewed, alice, nowMs + 180 * DAY_MS)).toBe(id)
  })

  it('knows several people, each by an id of their own, and forgets the one who came longest ago', () => {
    let held = value
    const people = Array.from({ length: 8 }, (_, index) => ({ tenant: 'acme', username: `user-${index}` }))
    held = devices.issue(held, bob, nowMs)
    const [ofAlice, ofBob] = [alice, bob].map((one) => devices.deviceOf(held, one, nowMs))
    expect(ofAlice).toBe(devices.deviceOf(value, alice, nowMs))
    expect(ofBob).toBeDefined()
    expect(ofBob).not.toBe(ofAlice)
    for (const one of people.slice(0, 4)) held = devices.issue(held, one, nowMs)
    expect(devices.deviceOf(held, alice, nowMs)).toBe(ofAlice)
    held = devices.issue(held, alice, nowMs)
    for (const one of people) held = devices.issue(devices.issue(held, one, nowMs), alice, nowMs)
    expect(devices.deviceOf(held, alice, nowMs)).toBe(ofAlice)
    expect(devices.deviceOf(held, bob, nowMs)).toBeUndefined()
    expect(held.length).toBeLessThanOrEqual(DEVICE_LENGTH_MAX)
    expect(deviceCookie(held).length).toBeLessThan(640)
  })

  it('keeps nothing of a value that is made up, too long or expired', () => {
    const later = nowMs + 181 * DAY_MS
    for (const held of ['~~~', 'x'.repeat(10_000), Array.from({ length: 99 }, () => value).join('~')])
      expect(devices.issue(held, bob, nowMs)).not.toContain('~')
    expect(devices.issue(value, bob, later)).not.toContain('~')
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
    const foreign = createDeviceProofs(randomBytes(32)).issue(undefined, alice, nowMs)
    const [id = '', expires = '', signature = ''] = value.split('.')
    expect(devices.deviceOf(value, alice, nowMs + 180 * DAY_MS)).toBeUndefined()
    for (const wrong of [
      '',
      'x'.repeat(10_000),
      foreign,
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
