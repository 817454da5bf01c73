/**
 * Keeps web pages from a server that listens on loopback for programs of its own machine.
 * Promise: a name that somebody else's DNS leads to this machine (DNS rebinding) is answered nothing, so that no page reads what it says.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

import type { CurfewServer } from './curfew-server.ts'
import { Problem } from './problem.ts'

/** Beyond loopback, scrapers and probes call the server by names that it cannot know; pages elsewhere may not reach it there. */
export function refuseForeignHosts(app: CurfewServer, listenHost: string): void {
  if (!isLoopback(listenHost)) return
  app.addHook('onRequest', ({ hostname }, _reply, done) => {
    // HTTP/1.0 may leave the host out; browsers never do.
    const isOwn = hostname === '' || hostname === listenHost || isLoopback(hostname)
    done(isOwn ? undefined : new Problem('forbidden', 'the host is not a name of this machine’s loopback'))
  })
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** RFC 6761 §6.3: names under `localhost` are loopback. */
function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (isIPv4(name)) return LOOPBACK.check(name, 'ipv4')
  if (isIPv6(name)) return LOOPBACK.check(name, 'ipv6')
  return /(?:^|\.)localhost\.?$/.test(name)
}
