import { describe, expect, it } from 'vitest'

import { addressClass, addressKey } from './address-class.ts'

describe('the network of an address', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24', '192.0.2.77/32'],
    ['::ffff:192.0.2.77', '192.0.2.0/24', '192.0.2.77/32'],
    ['::FFFF:192.0.2.77', '192.0.2.0/24', '192.0.2.77/32'],
    ['::ffff:c000:24d', '192.0.2.0/24', '192.0.2.77/32'],
    ['0:0:0:0:0:ffff:192.0.2.77', '192.0.2.0/24', '192.0.2.77/32'],
    ['127.0.0.1', '127.0.0.0/24', '127.0.0.1/32'],
    ['2001:db8::1', '2001:db8::/48', '2001:db8::/64'],
    ['2001:0db8:0000::0001', '2001:db8::/48', '2001:db8::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff::', '2001:db8:1::/48', '2001:db8:1:2::/64'],
    ['::1', '::/48', '::/64'],
    ['fe80::1%eth0', 'fe80::/48', 'fe80::/64'],
  ])('%s is of the class %s, and counted as %s', (address, network, key) => {
    expect(addressClass(address)).toBe(network)
    expect(addressKey(address)).toBe(key)
  })

  it.each([
    '',
    'unknown',
    'alice@acme',
    '192.0.2.1, 10.0.0.1',
    '../',
    '192.0.2.0/24',
    '127.1',
    '0x7f000001',
    '010.0.0.1',
    '192.0.2.1:443',
    '[2001:db8::1]',
  ])('of %j is none, and such callers share one counter', (address) => {
    expect(addressClass(address)).toBeUndefined()
    expect(addressKey(address)).toBe('unknown')
  })
})
