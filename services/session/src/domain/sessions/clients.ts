/** ④ Trusted programs, which sessions each of them may begin, and what it may learn of tokens. */
import type { ClientId, TenantId } from '@curfew/contracts'

export interface ClientRegistry {
  /** The client, if the secret is its own. */
  authenticate(id: string, secret: string): ClientId | undefined
  /** The client of that name, whoever is asking. */
  find(id: string): RegisteredClient | undefined
}

export interface RegisteredClient {
  readonly id: ClientId
  /** The sessions that it may begin; absent: none. */
  readonly sessions?: CreationLimits | undefined
  /** What it may learn of tokens; absent: nothing. */
  readonly introspect?: IntrospectionLimits | undefined
}

export interface CreationLimits {
  /** Whose users it may begin sessions for; absent: those of every tenant but the administrative one. */
  readonly tenants?: readonly TenantId[] | undefined
  /** The highest level that it may claim; absent: any, and words that are no level as well. */
  readonly maxAcr?: Level | undefined
  /** Whether sessions that it has begun are accepted at the operators' API. */
  readonly mayOperate: boolean
}

/** How strongly a user can have been authenticated, the weakest first. */
export const LEVELS = ['aal1', 'aal2', 'aal3'] as const
export type Level = (typeof LEVELS)[number]

export interface IntrospectionLimits {
  /** Beginnings of the permissions that it is told about; absent: all. */
  readonly permissions?: readonly string[] | undefined
  /** Whose tokens it may know; absent: everybody's. */
  readonly tenants?: readonly TenantId[] | undefined
}
