/** @fastify/session with its sessions in Redis, by connect-redis. */
import { createRequire } from 'node:module'

import fastifyCookie from '@fastify/cookie'
import { RedisStore } from 'connect-redis'
import { fastify, type FastifyPluginCallback, type FastifyRequest } from 'fastify'
import { createClient } from 'redis'

import { ANYWHERE, GUARDED_PATH, documentFor, type Guarded, type Shared } from './guarded.ts'
import { cookieOf, logOut } from './sign-in.ts'

interface StoredSession {
  user?: string
  roles?: string[]
  regenerate(): Promise<void>
  destroy(): Promise<void>
}

// Its types would say for the whole program what `request.session` is, and so do those of @curfew/fastify.
const fastifySession = createRequire(import.meta.url)('@fastify/session') as FastifyPluginCallback<{
  secret: string
  store: RedisStore
  saveUninitialized: boolean
  rolling: boolean
  cookie: { secure: boolean; maxAge: number }
}>

function sessionOf(request: FastifyRequest): StoredSession {
  return request.session as unknown as StoredSession
}

/** @param isRolling its default: each answer sets the cookie anew */
export async function startFastifySession(shared: Shared, isRolling: boolean): Promise<Guarded> {
  const client = await createClient({ url: shared.redisUrl }).connect()
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: shared.secret,
    store: new RedisStore({ client, prefix: 'fastify-session:' }),
    saveUninitialized: false,
    rolling: isRolling,
    // Without TLS on loopback.
    cookie: { secure: false, maxAge: 1_800_000 },
  })
  app.post('/login', async (request) => {
    const { user } = request.query as { readonly user: string }
    await sessionOf(request).regenerate()
    // Another object than the one before.
    Object.assign(sessionOf(request), { user, roles: ['role-1', 'role-8'] })
    return { user }
  })
  app.post('/logout', async (request) => {
    await sessionOf(request).destroy()
    return {}
  })
  app.get(GUARDED_PATH, (request, reply) => {
    const { user } = sessionOf(request)
    if (user === undefined) return reply.code(401).send({ error: 'unauthenticated' })
    return reply.send(documentFor(user))
  })
  const url = await app.listen(ANYWHERE)
  return {
    url,
    signIn: (user) => cookieOf(`${url}/login?user=${user}`),
    revoke: (credential) => logOut(`${url}/logout`, credential),
    async close() {
      await app.close()
      client.destroy()
    },
  }
}
