/** ③ A service with one guarded route, whoever guards it, in a process of its own that loads nothing else. */
import type { Credential, Guarded } from '@curfew/bench-peers/guarded'

import { serveCommands } from './child.ts'
import type { GuardSetting, Kind } from './guard-setting.ts'

type Started = Pick<Guarded, 'url' | 'close'> & Partial<Guarded>
type Start = (setting: GuardSetting) => Promise<Started>

const loadJwt = () => import('@curfew/bench-peers/fastify-jwt')
const loadFastifySession = () => import('@curfew/bench-peers/fastify-session')
const loadBetterAuth = () => import('@curfew/bench-peers/better-auth')
const loadIntrospection = () => import('@curfew/bench-peers/introspection')
const loadCurfew = () => import('./guarded-by-curfew.ts')

const STARTS: Readonly<Record<Kind, Start>> = {
  unguarded: async () => (await import('@curfew/bench-peers/fastify-plain')).startUnguarded(),
  curfew: async ({ natsUrl }) => (await loadCurfew()).startCurfew(natsUrl),
  'curfew-server': async ({ natsUrl }) => (await loadCurfew()).startCurfewServer(natsUrl),
  'curfew-server-unguarded': async () => (await loadCurfew()).startCurfewServer(),
  jwt: async ({ shared, lifetimeSeconds }) =>
    (await loadJwt()).startFastifyJwt(shared, { algorithm: 'HS256', lifetimeSeconds }),
  'jwt-cached': async ({ shared, lifetimeSeconds }) =>
    (await loadJwt()).startFastifyJwt(shared, { algorithm: 'HS256', isCached: true, lifetimeSeconds }),
  'jwt-ed25519': async ({ shared, lifetimeSeconds }) =>
    (await loadJwt()).startFastifyJwt(shared, { algorithm: 'EdDSA', lifetimeSeconds }),
  'jwt-denylist': async ({ shared, lifetimeSeconds }) =>
    (await loadJwt()).startFastifyJwt(shared, { algorithm: 'HS256', hasDenylist: true, lifetimeSeconds }),
  'fastify-session': async ({ shared }) => (await loadFastifySession()).startFastifySession(shared, false),
  'fastify-session-rolling': async ({ shared }) =>
    (await loadFastifySession()).startFastifySession(shared, true),
  'express-session': async ({ shared }) =>
    (await import('@curfew/bench-peers/express-session')).startExpressSession(shared),
  'better-auth': async ({ shared }) => (await loadBetterAuth()).startBetterAuth(shared),
  'better-auth-cached': async ({ shared, cacheSeconds }) =>
    (await loadBetterAuth()).startBetterAuth(shared, cacheSeconds),
  introspection: async ({ providerUrl }) => (await loadIntrospection()).startIntrospecting(providerUrl, 0),
  'introspection-cached': async ({ providerUrl, cacheSeconds }) =>
    (await loadIntrospection()).startIntrospecting(providerUrl, cacheSeconds),
  'oidc-provider': async () => (await import('@curfew/bench-peers/oidc-provider')).startOidcProvider(),
}

let started: Started | undefined

export const commands = serveCommands(
  {
    async start(setting: GuardSetting) {
      started = await STARTS[setting.kind](setting)
      return started.url
    },
    signIn: (user: string) => started?.signIn?.(user),
    revoke: (credential: Credential) => started?.revoke?.(credential),
  },
  () => started?.close(),
)
