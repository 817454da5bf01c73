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

/** The networks that a setting names, separated by commas; what is none is a fault. */
export function networksIn(setting: string, text: string, faults: string[]): Network[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  return items.flatMap((item) => {
    const network = parseNetwork(item)
    if (network === undefined) faults.push(`${setting}: ${JSON.stringify(item)} is no address or network`)
    return network === undefined ? [] : [network]
  })
}

type Address = ReturnType<typeof ipaddr.process>

const WITH_PORT = /^(?:\[([^[\]]*:[^[\]]*)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5})$/

/** As proxies write it: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]:4711`. IPv4 within IPv6 is IPv4. */
function parseAddress(text: string): Address | undefined {
  const [, ipv6, ipv4] = WITH_PORT.exec(text) ?? []
  const address = ipv6 ?? ipv4 ?? text
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return undefined
  return ipaddr.process(address)
}

/** The address alone, in its usual form; undefined for what is none. */
export function addressIn(text: string): string | undefined {
  return parseAddress(text)?.toString()
}

export function trustOf(networks: readonly Network[]): (address: string) => boolean {
  // Every request asks more than once, and most gateways trust nobody.
  if (networks.length === 0) return () => false
  return (address) => {
    const parsed = parseAddress(address)
    if (parsed === undefined) return false
    return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits))
  }
}
