/**
 * ④ The trusted backends that may create sessions and examine tokens, from SESSION_CLIENTS_FILE.
 * Promise: only hashes are kept; a wrong secret and an unknown client take the same way and the same time; a file with
 * faults stops the start, and each of them is named.
 */
import { hash, timingSafeEqual } from 'node:crypto'

import { ADMINISTRATIVE_TENANT, ClientIdSchema, TenantIdSchema, type ClientId } from '@curfew/contracts'
import { Type, type Static } from 'typebox'

import {
  LEVELS,
  type ClientRegistry,
  type CreationLimits,
  type RegisteredClient,
} from '../../domain/sessions/clients.ts'
import { faultyFile, readJsonFile } from './json-file.ts'

const closed = { additionalProperties: false }

/** Without limits, in words: forgetting one must not be the same. */
const ALL = '*'

const SessionsSchema = Type.Object(
  {
    tenants: Type.Union([Type.Literal(ALL), Type.Array(TenantIdSchema, { minItems: 1 })]),
    max_acr: Type.Union([Type.Literal(ALL), ...LEVELS.map((level) => Type.Literal(level))]),
    operators: Type.Optional(Type.Boolean()),
  },
  closed,
)

const IntrospectSchema = Type.Object(
  {
    permissions: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
    tenants: Type.Optional(Type.Array(TenantIdSchema, { minItems: 1 })),
  },
  closed,
)

const ClientSchema = Type.Object(
  {
    id: ClientIdSchema,
    secret_sha256: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    sessions: Type.Optional(SessionsSchema),
    introspect: Type.Optional(IntrospectSchema),
  },
  closed,
)
type ClientEntry = Static<typeof ClientSchema>

const ClientsFileSchema = Type.Object({ clients: Type.Array(ClientSchema) }, closed)

/** Of no secret: what unknown clients are compared with. */
const NOBODY = Buffer.alloc(32)

/** Without a file there are no clients, and nobody is let in. */
export async function readClientRegistry(path: string | undefined): Promise<ClientRegistry> {
  const { clients } = path === undefined ? { clients: [] } : await readJsonFile(WHAT, path, ClientsFileSchema)
  const faults = clients.flatMap((client, index) => faultsOf(client, { index, clients }))
  if (faults.length > 0) throw faultyFile(WHAT, faults)
  const secrets = new Map<string, Buffer>(
    clients.map(({ id, secret_sha256 }) => [id, Buffer.from(secret_sha256, 'base64url')]),
  )
  const registered = new Map<string, RegisteredClient>(clients.map((client) => [client.id, clientIn(client)]))
  return {
    authenticate(id, secret) {
      const expected = secrets.get(id)
      const isEqual = timingSafeEqual(hash('sha256', secret, 'buffer'), expected ?? NOBODY)
      return isEqual && expected !== undefined ? (id as ClientId) : undefined
    },
    find: (id) => registered.get(id),
  }
}

const WHAT = 'clients file'
const OF_NO_SECRET = hash('sha256', '', 'base64url')

interface InFile {
  readonly index: number
  readonly clients: readonly ClientEntry[]
}

/** Faults that the schema does not show. */
function faultsOf({ id, secret_sha256, sessions }: ClientEntry, { index, clients }: InFile): string[] {
  const at = `/clients/${index}`
  const isOperating = sessions?.operators === true
  const isAdministrative = sessions?.tenants.includes(ADMINISTRATIVE_TENANT) === true
  return [
    ...(clients.findIndex((other) => other.id === id) < index ? [`${at}/id names a client twice`] : []),
    ...(secret_sha256 === OF_NO_SECRET ? [`${at}/secret_sha256 is of an empty secret`] : []),
    ...(isAdministrative && !isOperating
      ? [`${at}/sessions/tenants names the tenant of the operators, which needs "operators": true`]
      : []),
  ]
}

function clientIn({ id, sessions, introspect }: ClientEntry): RegisteredClient {
  return { id, introspect, sessions: sessions && limitsIn(sessions) }
}

function limitsIn({ tenants, max_acr, operators }: Static<typeof SessionsSchema>): CreationLimits {
  return {
    tenants: tenants === ALL ? undefined : tenants,
    maxAcr: max_acr === ALL ? undefined : max_acr,
    mayOperate: operators === true,
  }
}
