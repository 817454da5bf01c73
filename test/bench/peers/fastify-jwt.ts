/** @fastify/jwt as its documentation sets it up: `jwtVerify` before the handler. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'

import fastifyJwt, { type FastifyJWTOptions } from '@fastify/jwt'
import { fastify } from 'fastify'
import { Redis } from 'ioredis'

import { ANYWHERE, GUARDED_PATH, documentFor, type Guarded, type Shared } from './guarded.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    user: { sub: string; sid: string; tenant: string; roles: string[] }
  }
}

export interface JwtSetting {
  readonly algorithm: 'HS256' | 'EdDSA'
  /** Verified tokens are remembered: fast-jwt's cache. */
  readonly isCached?: boolean
  /** `trusted` asks Redis whether the token has been revoked: the strictest that the documentation offers. */
  readonly hasDenylist?: boolean
  readonly lifetimeSeconds: number
}

/** As many as the benchmarks use at once. */
const CACHED_TOKENS = 10_000
const ROLES = ['role-1', 'role-8']

export async function startFastifyJwt(shared: Shared, setting: JwtSetting): Promise<Guarded> {
  const { isCached = false, hasDenylist = false, lifetimeSeconds } = setting
  const app = fastify()
  const redis = hasDenylist ? new Redis(shared.redisUrl) : undefined
  await app.register(fastifyJwt, {
    ...keysOf(shared, setting),
    verify: { cache: isCached ? CACHED_TOKENS : false },
    ...(redis && {
      trusted: async (_request, decoded) =>
        (await redis.exists(denied((decoded as { readonly sid: string }).sid))) === 0,
    }),
  })
  app.get(GUARDED_PATH, { onRequest: (request) => request.jwtVerify() }, (request) =>
    documentFor(request.user.sub),
  )
  return {
    url: await app.listen(ANYWHERE),
    signIn(user) {
      const claims = { sub: user, sid: randomUUID(), tenant: 'tenant-1', roles: ROLES }
      const token = app.jwt.sign(claims, { expiresIn: `${lifetimeSeconds}s` })
      return Promise.resolve({ header: 'authorization', value: `Bearer ${token}` })
    },
    ...(redis && {
      async revoke({ value }) {
        const { sid } = app.jwt.decode<{ readonly sid: string }>(value.slice('Bearer '.length)) ?? { sid: '' }
        await redis.set(denied(sid), 1, 'EX', lifetimeSeconds)
      },
    }),
    async close() {
      await app.close()
      redis?.disconnect()
    },
  }
}

function denied(sid: string): string {
  return `denied:${sid}`
}

function keysOf({ secret }: Shared, { algorithm }: JwtSetting): Pick<FastifyJWTOptions, 'secret' | 'sign'> {
  if (algorithm === 'HS256') return { secret }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return { secret: { private: privateKey, public: publicKey }, sign: { algorithm: 'EdDSA' } }
}
