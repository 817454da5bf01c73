/**
 * ④ Where a caller is, as far as logs and limits need to know.
 * Promise: the network and never the line: /24 of IPv4, /48 of IPv6 (and /64, which one caller can fill, for limits).
 */
const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i

/** `192.0.2.0/24`, `2001:db8:1::/48`. */
export function addressClass(address: string): string {
  const plain = address.replace(MAPPED_IPV4, '')
  if (!plain.includes(':')) return `${plain.split('.').slice(0, 3).join('.')}.0/24`
  return `${groupsOf(plain).slice(0, 3).join(':')}::/48`
}

/** What one caller can be counted by. */
export function limitKeyOf(address: string): string {
  const plain = address.replace(MAPPED_IPV4, '')
  return plain.includes(':') ? groupsOf(plain).slice(0, 4).join(':') : plain
}

function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? []
  const before = head === '' ? [] : head.split(':')
  if (tail === undefined) return before
  const after = tail === '' ? [] : tail.split(':')
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
}
