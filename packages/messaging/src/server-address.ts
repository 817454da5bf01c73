/**
 * Takes a NATS URL apart: credentials never reach the client library as part of an address, which it logs and prints.
 * Promise: a URL that would connect in some other way than it says is refused, and the message names no credential.
 */
import { subjectToken } from '@curfew/contracts'

export interface ServerAddress {
  readonly servers: string[]
  readonly credentials: { readonly user: string; readonly password: string } | undefined
  /** `tls://`: never speak to a server that offers no TLS. */
  readonly tls: boolean
}

const SHAPE = /^(?<scheme>nats|tls):\/\/(?:(?<user>[^:@/]*):(?<password>[^@/]*)@)?(?<hosts>[^@/]+)\/?$/
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** Parses `nats://user:password@host:port[,host:port]`; user and password may be percent-encoded. Throws on anything else. */
export function parseServerAddress(url: string): ServerAddress {
  const { scheme, user, password, hosts } = SHAPE.exec(url)?.groups ?? {}
  const servers = hosts?.split(',') ?? []
  if (servers.length === 0 || !servers.every((host) => HOST.test(host)) || user === '') throw malformed()
  const credentials =
    user === undefined || password === undefined
      ? undefined
      : { user: decode(user), password: decode(password) }
  return { servers, credentials, tls: scheme === 'tls' }
}

/**
 * Every user gets replies below a prefix of its own, so that server permissions can keep services out of each other's.
 */
export function inboxPrefix(user: string): string {
  return `_INBOX_${subjectToken(user)}`
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw malformed()
  }
}

function malformed(): Error {
  return new Error('the NATS URL must look like nats://user:password@host:port')
}
