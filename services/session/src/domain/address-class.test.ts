import { describe, expect, it } from 'vitest'

import { addressClass, limitKeyOf } from './address-class.ts'

describe('the class of an address', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24', '192.0.2.77'],
    ['::ffff:192.0.2.77', '192.0.2.0/24', '192.0.2.77'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0::/48', '2001:db8:0:0'],
    ['::1', '0:0:0::/48', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0::/48', 'fe80:0:0:0'],
  ])('of %s is %s', (address, network, key) => {
    expect(addressClass(address)).toBe(network)
    expect(limitKeyOf(address)).toBe(key)
  })
})
