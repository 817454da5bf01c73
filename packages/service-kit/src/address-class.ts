/**
 * The address of a caller in the two forms that services keep: for people, and for counters.
 * Promise: the same caller has the same form everywhere, however its address is written; what is kept for people names a network,
 * never a line; what is counted by cannot be varied for free.
 */
import ipaddr from 'ipaddr.js'

/** `192.0.2.0/24`, `2001:db8:1::/48`; undefined for what is not an address. */
export function addressClass(address: string): string | undefined {
  return networkOf(address, { ipv4: 24, ipv6: 48 })
}

/** One line: an IPv4 address, or the /64 within which an IPv6 host picks its addresses as it likes. */
export function addressKey(address: string): string {
  return networkOf(address, { ipv4: 32, ipv6: 64 }) ?? 'unknown'
}

function networkOf(
  address: string,
  bits: { readonly ipv4: number; readonly ipv6: number },
): string | undefined {
  // The library would also take `127.1`, `0x7f000001` and numbers with leading zeros, which others read differently.
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return undefined
  // `::ffff:192.0.2.7`, as a socket that listens on both families shows it, is the IPv4 address.
  const parsed = ipaddr.process(address)
  const length = bits[parsed.kind()]
  const bytes = parsed.toByteArray().map((byte, index) => byte & maskOf(length - index * 8))
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`
}

function maskOf(bitsLeft: number): number {
  return bitsLeft >= 8 ? 0xff : bitsLeft <= 0 ? 0 : (0xff << (8 - bitsLeft)) & 0xff
}
