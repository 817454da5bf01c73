/**
 * ④ Lets trusted backends in by HTTP Basic (RFC 7617), before their request's body is read.
 * Promise: the same 401 for an unknown client, a wrong secret and a header that is none; who guesses is slowed down, and
 * nobody else with him.
 */
import type { ClientId, Subject } from '@curfew/contracts'
import { addressClass, addressKey, Problem } from '@curfew/service-kit'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'

import type { ClientRegistry } from '../../domain/sessions/clients.ts'
import { takeOrRefuse, type Throttling } from '../shared/throttling.ts'

export interface ClientGuard {
  /** An `onRequest` hook. */
  readonly requireClient: onRequestAsyncHookHandler
  /** The client that the hook let in. */
  clientOf(request: FastifyRequest): ClientId
  /**
   * Takes one session from what the client may begin for the user in a day. Each leaves an entry in the log and the trail,
   * which all tenants share.
   * @throws Problem `too-many-requests`
   */
  takeSession(request: FastifyRequest, subject: Subject): Promise<void>
}

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i

export function createClientGuard(registry: ClientRegistry, throttling: Throttling): ClientGuard {
  const { policies, reports } = throttling
  const clients = new WeakMap<FastifyRequest, ClientId>()

  function clientOf(request: FastifyRequest): ClientId {
    const client = clients.get(request)
    if (client === undefined) throw new TypeError('the route has no client guard')
    return client
  }

  return {
    clientOf,
    requireClient: async (request) => {
      const credentials = credentialsIn(request.headers.authorization)
      const known = credentials && registry.find(credentials.id)?.id
      const guesses = {
        policy: policies.wrongCredentials,
        key: `${addressKey(request.ip)} ${known ?? ''}`,
        actor: 'anonymous',
        address: request.ip,
      }
      // Also the right secret has to wait then: otherwise the limit would not keep anybody from finding it.
      await takeOrRefuse(throttling, { ...guesses, cost: 0 })
      const client = credentials && registry.authenticate(credentials.id, credentials.secret)
      if (client === undefined) {
        const place = addressClass(request.ip)
        reports.clientRefused({ requestId: request.id, ...(known && { client: known }), addressClass: place })
        await takeOrRefuse(throttling, guesses)
        throw new Problem('invalid-client', undefined, {
          headers: { 'www-authenticate': 'Basic realm="curfew", charset="UTF-8"' },
        })
      }
      clients.set(request, client)
      const { clientCalls: policy } = policies
      const calls = { policy, key: client, actor: `client:${client}`, address: request.ip }
      await takeOrRefuse(throttling, calls)
    },
    async takeSession(request, { tenant, user }) {
      const client = clientOf(request)
      const key = `${client} ${tenant} ${user}`
      const actor = `client:${client}`
      await takeOrRefuse(throttling, { policy: policies.userSessions, key, actor, address: request.ip })
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
