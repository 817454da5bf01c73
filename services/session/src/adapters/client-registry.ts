/**
 * ④ The trusted backends that may create sessions and examine tokens, from SESSION_CLIENTS_FILE.
 * Promise: only hashes are kept; a wrong secret and an unknown client take the same way and the same time.
 */
import { hash, timingSafeEqual } from 'node:crypto'

import { ClientIdSchema, TenantIdSchema, type ClientId } from '@curfew/contracts'
import { Type } from 'typebox'

import type { ClientRegistry, RegisteredClient } from '../clients.ts'
import { readJsonFile } from './json-file.ts'

const IntrospectSchema = Type.Object(
  {
    permissions: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
    tenants: Type.Optional(Type.Array(TenantIdSchema, { minItems: 1 })),
  },
  { additionalProperties: false },
)

const ClientsFileSchema = Type.Object(
  {
    clients: Type.Array(
      Type.Object(
        {
          id: ClientIdSchema,
          secret_sha256: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
          introspect: Type.Optional(IntrospectSchema),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

/** Of no secret: what unknown clients are compared with. */
const NOBODY = Buffer.alloc(32)

/** Without a file there are no clients, and nobody is let in. */
export async function readClientRegistry(path: string | undefined): Promise<ClientRegistry> {
  const { clients } =
    path === undefined ? { clients: [] } : await readJsonFile('clients file', path, ClientsFileSchema)
  const secrets = new Map<string, Buffer>(
    clients.map(({ id, secret_sha256 }) => [id, Buffer.from(secret_sha256, 'base64url')]),
  )
  const registered = new Map<string, RegisteredClient>(
    clients.map(({ id, introspect }) => [id, { id, introspect }]),
  )
  if (secrets.size !== clients.length) throw new Error('the clients file names a client twice')
  return {
    authenticate(id, secret) {
      const expected = secrets.get(id)
      const isEqual = timingSafeEqual(hash('sha256', secret, 'buffer'), expected ?? NOBODY)
      return isEqual && expected !== undefined ? (id as ClientId) : undefined
    },
    find: (id) => registered.get(id),
  }
}
