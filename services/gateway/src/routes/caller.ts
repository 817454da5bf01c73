/**
 * ① Who calls, as far as the connection and the proxies that are trusted say.
 * Promise: an address is an address; what a client claims about itself ends up in a label of known words at most.
 */
import { isIPv4 } from 'node:net'

import { addressIn } from '@curfew/browser-boundary'
import { addressClass, addressKey } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import { deviceLabel } from '../domain/device-label.ts'

export interface Caller {
  readonly address: string
  /** By which attempts are counted. */
  readonly addressKey: string
  readonly addressClass: string | undefined
  readonly label: string | undefined
}

export function callerOf(request: FastifyRequest): Caller {
  const address = addressOf(request)
  return {
    address,
    addressKey: addressKey(address),
    addressClass: addressClass(address),
    label: deviceLabel(request.headers['user-agent']),
  }
}

/** Proxies write `unknown` and worse into `X-Forwarded-For`; then the proxy's own address has to do. */
export function addressOf(request: FastifyRequest): string {
  // Worked out each time that it is asked for.
  const { ip } = request
  if (isIPv4(ip)) return ip
  const { remoteAddress = '' } = request.raw.socket
  return addressIn(ip) ?? addressIn(remoteAddress) ?? ''
}
