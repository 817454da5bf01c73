/** Which guards there are, and what each is told of its surroundings. */
import type { Shared } from '@curfew/bench-peers/guarded'

export type Kind =
  | 'unguarded'
  | 'curfew'
  | 'curfew-server'
  | 'curfew-server-unguarded'
  | 'jwt'
  | 'jwt-cached'
  | 'jwt-ed25519'
  | 'jwt-denylist'
  | 'fastify-session'
  | 'fastify-session-rolling'
  | 'express-session'
  | 'better-auth'
  | 'better-auth-cached'
  | 'introspection'
  | 'introspection-cached'
  | 'oidc-provider'

/** The surroundings of every guard; each reads the members that concern it. */
export interface Surroundings {
  readonly shared: Shared
  /** With the rights of a gateway: the clients' own tokens are checked, as those of the peers are. */
  readonly natsUrl: string
  /** Of the authorization server. */
  readonly providerUrl: string
  /** Of a token that nobody asks about. */
  readonly lifetimeSeconds: number
  /** Of an answer, or of a cookie, that is believed for a while. */
  readonly cacheSeconds: number
}

export interface GuardSetting extends Surroundings {
  readonly kind: Kind
}
