/**
 * ① The proxies in front of a service whose word about the client counts.
 * Promise: nobody is trusted who is not named; what does not parse as an address is nobody.
 */
import ipaddr from 'ipaddr.js'

type Network = ReturnType<typeof ipaddr.parseCIDR>

/** @param text an address or a network in CIDR notation; undefined for anything else */
export function parseNetwork(text: string): Network | undefined {
  try {
    const [address = ''] = text.split('/', 1)
    // `10.0.0` and `1` would be read as classic servers do, which is hardly what is meant.
    if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return undefined
    if (text.includes('/')) return ipaddr.parseCIDR(text)
    const host = ipaddr.process(text)
    return [host, host.kind() === 'ipv4' ? 32 : 128]
  } catch {
    return undefined
  }
}

export function trustOf(networks: readonly Network[]): (address: string) => boolean {
  // Every request asks more than once, and most gateways trust nobody.
  if (networks.length === 0) return () => false
  return (address) => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits))
  }
}
