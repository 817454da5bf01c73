import { describe, expect, it } from 'vitest'

import { addressIn, parseNetwork, trustOf } from './trusted-proxies.ts'

const named = ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::ffff:198.51.100.1'].map(parseNetwork)
const isTrusted = trustOf(named.filter((network) => network !== undefined))

it.each(['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8:1::1', '198.51.100.1'])(
  '%s is a proxy that is named',
  (address) => expect(isTrusted(address)).toBe(true),
)

it.each(['11.0.0.1', '192.0.2.8', '2001:db9::1', '', 'unknown', '10.0.0.0/8', '10.1.2.3, 11.0.0.1'])(
  '%j is nobody',
  (address) => expect(isTrusted(address)).toBe(false),
)

it.each(['', 'localhost', '10.0.0.0/33', '10.0.0/8', '1', 'x/8'])('%j is no network', (text) =>
  expect(parseNetwork(text)).toBeUndefined(),
)

describe('an address as a proxy writes it', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:4711', '192.0.2.7'],
    ['2001:DB8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['[::ffff:192.0.2.7]:4711', '192.0.2.7'],
  ])('%s is %s', (text, address) => expect(addressIn(text)).toBe(address))

  it.each([
    '',
    'unknown',
    '_hidden',
    '192.0.2',
    '192.0.2.7:',
    '192.0.2.7:x',
    '192.0.2.7:123456',
    '[192.0.2.7]:1',
    '[::1',
    '::1]:1',
    '[]:1',
    '1',
  ])('%j is none', (text) => expect(addressIn(text)).toBeUndefined())

  it('is trusted or not whatever port it has, and as IPv4 within IPv6 too', () => {
    for (const text of ['10.1.2.3', '10.1.2.3:80', '::ffff:10.1.2.3', '[::ffff:10.1.2.3]:80'])
      expect([text, isTrusted(text)]).toEqual([text, true])
    for (const text of ['11.1.2.3:80', '[::1]:80', '10.1.2.3:80, 11.1.2.3'])
      expect([text, isTrusted(text)]).toEqual([text, false])
  })
})
