import { expect, it } from 'vitest'

import { parseNetwork, trustOf } from './trusted-proxies.ts'

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
