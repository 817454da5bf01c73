/** ④ Trusted programs, and what each of them may learn of tokens. */
import type { ClientId, TenantId } from '@curfew/contracts'

export interface ClientRegistry {
  /** The client, if the secret is its own. */
  authenticate(id: string, secret: string): ClientId | undefined
  /** The client of that name, whoever is asking. */
  find(id: string): RegisteredClient | undefined
}

export interface RegisteredClient {
  readonly id: ClientId
  /** What it may learn of tokens; absent: nothing. */
  readonly introspect?: IntrospectionLimits | undefined
}

export interface IntrospectionLimits {
  /** Beginnings of the permissions that it is told about; absent: all. */
  readonly permissions?: readonly string[] | undefined
  /** Whose tokens it may know; absent: everybody's. */
  readonly tenants?: readonly TenantId[] | undefined
}
