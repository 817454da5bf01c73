/** An authorization server with opaque access tokens (oidc-provider), which resource servers ask about them (RFC 7662). */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { Provider } from 'oidc-provider'

import { ANYWHERE } from './guarded.ts'

export const CLIENT = { id: 'bench', secret: 'a secret of the one client that there is' }
export const TOKEN_SECONDS = 3_600

/** What it issues is kept in its memory, its standard setting: a database would only make it slower. */
export async function startOidcProvider(): Promise<{ url: string; close(): Promise<void> }> {
  const provider = new Provider('http://127.0.0.1', {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        scope: 'documents',
      },
    ],
    scopes: ['documents'],
    ttl: { ClientCredentials: TOKEN_SECONDS },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
  })
  const server = provider.listen(ANYWHERE.port, ANYWHERE.host)
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      return Promise.resolve()
    },
  }
}
