/** Who guards the route of `service` and `revocation`, each as its documentation sets it up. */
import type { Credential, Shared } from '@curfew/bench-peers/guarded'

import { STEADY, startChild, type ChildProcess } from './child.ts'
import type { commands } from './guarded.child.ts'

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

/** What they all can be told; each takes what concerns it. */
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

export interface Guard {
  readonly process: ChildProcess<typeof commands>
  readonly url: string
}

export async function startGuard(
  stack: AsyncDisposableStack,
  kind: Kind,
  surroundings: Surroundings,
): Promise<Guard> {
  const process = stack.use(startChild<typeof commands>('guarded.child.ts', STEADY))
  return { process, url: await process.call('start', { ...surroundings, kind }) }
}

/** One session for each of these users. @throws where the route has no sessions of its own */
export async function signInAll({ process }: Guard, users: number): Promise<Credential[]> {
  return Promise.all(
    Array.from({ length: users }, async (_, nth) => {
      const credential = await process.call('signIn', `user-${nth}`)
      if (credential === undefined) throw new Error('nobody can sign in there')
      return credential
    }),
  )
}

export function headerLine({ header, value }: Credential): string {
  return `${header}: ${value}`
}
