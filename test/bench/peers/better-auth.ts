/** better-auth with its sessions in Redis (`secondaryStorage`), and its cookie cache off or on. */
import { betterAuth, type SecondaryStorage } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { fromNodeHeaders } from 'better-auth/node'
import { fastify } from 'fastify'
import { Redis } from 'ioredis'

import { ANYWHERE, GUARDED_PATH, documentFor, type Guarded, type Shared } from './guarded.ts'
import { cookiesIn } from './sign-in.ts'

/** @param cookieCacheSeconds for how long a signed cookie stands for the session; undefined: Redis is asked each time */
export async function startBetterAuth(shared: Shared, cookieCacheSeconds?: number): Promise<Guarded> {
  const redis = new Redis(shared.redisUrl)
  const { api } = createAuth(shared, redis, cookieCacheSeconds)
  const app = fastify()
  app.get(GUARDED_PATH, async (request, reply) => {
    const found = await api.getSession({ headers: fromNodeHeaders(request.headers) })
    if (found === null) return reply.code(401).send({ error: 'unauthenticated' })
    return documentFor(found.user.id)
  })
  return {
    url: await app.listen(ANYWHERE),
    async signIn(user) {
      const body = { email: `${user}@example.org`, password: 'any password', name: user }
      const { headers } = await api.signUpEmail({ body, returnHeaders: true })
      return cookiesIn(headers)
    },
    async revoke({ value }) {
      await api.signOut({ headers: new Headers({ cookie: value }) })
    },
    async close() {
      await app.close()
      redis.disconnect()
    },
  }
}

function createAuth({ secret }: Shared, redis: Redis, cookieCacheSeconds: number | undefined) {
  return betterAuth({
    secret,
    baseURL: 'http://127.0.0.1',
    // Only who signs in is looked up here; sessions, with what they say of the user, are in Redis.
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    secondaryStorage: storageIn(redis),
    emailAndPassword: {
      enabled: true,
      // Signing in is not what is measured.
      password: { hash: () => Promise.resolve('hash'), verify: () => Promise.resolve(true) },
    },
    session: {
      cookieCache:
        cookieCacheSeconds === undefined ? { enabled: false } : { enabled: true, maxAge: cookieCacheSeconds },
    },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: 'error' },
  })
}

function named(key: string): string {
  return `better-auth:${key}`
}

function storageIn(redis: Redis): SecondaryStorage {
  return {
    get: (key) => redis.get(named(key)),
    getAndDelete: (key) => redis.getdel(named(key)),
    async increment(key, ttl) {
      await redis.set(named(key), 0, 'EX', ttl, 'NX')
      return redis.incr(named(key))
    },
    set: (key, value, ttl) =>
      ttl === undefined ? redis.set(named(key), value) : redis.set(named(key), value, 'EX', ttl),
    async delete(key) {
      await redis.del(named(key))
    },
  }
}
