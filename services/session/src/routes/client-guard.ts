/**
 * ④ Lets trusted backends in by HTTP Basic (RFC 7617), before their request's body is read.
 * Promise: the same 401 for an unknown client, a wrong secret and a header that is none.
 */
import type { ClientId } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'

import type { ClientRegistry, Reports } from '../ports.ts'

export interface ClientGuard {
  /** An `onRequest` hook. */
  readonly requireClient: onRequestAsyncHookHandler
  /** The client that the hook let in. */
  clientOf(request: FastifyRequest): ClientId
}

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i

export function createClientGuard(registry: ClientRegistry, reports: Reports): ClientGuard {
  const clients = new WeakMap<FastifyRequest, ClientId>()
  return {
    requireClient: async (request) => {
      const credentials = credentialsIn(request.headers.authorization)
      const client = credentials && registry.authenticate(credentials.id, credentials.secret)
      if (client === undefined) {
        reports.clientRefused({ requestId: request.id })
        throw new Problem('invalid-client', undefined, {
          headers: { 'www-authenticate': 'Basic realm="curfew", charset="UTF-8"' },
        })
      }
      clients.set(request, client)
    },
    clientOf(request) {
      const client = clients.get(request)
      if (client === undefined) throw new TypeError('the route has no client guard')
      return client
    },
  }
}

function credentialsIn(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = BASIC.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) }
}
