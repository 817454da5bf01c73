/** express-session with its sessions in Redis, by connect-redis, with the settings that the two ask for. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'

import { ANYWHERE, GUARDED_PATH, documentFor, type Guarded, type Shared } from './guarded.ts'
import { cookieOf, logOut } from './sign-in.ts'

declare module 'express-session' {
  interface SessionData {
    user: string
    roles: string[]
  }
}

export async function startExpressSession(shared: Shared): Promise<Guarded> {
  const client = await createClient({ url: shared.redisUrl }).connect()
  const app = express()
  app.use(
    session({
      store: new RedisStore({ client, prefix: 'express-session:' }),
      secret: shared.secret,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 1_800_000 },
    }),
  )
  addRoutes(app)
  const server = app.listen(ANYWHERE.port, ANYWHERE.host)
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    signIn: (user) => cookieOf(`${url}/login?user=${user}`),
    revoke: (credential) => logOut(`${url}/logout`, credential),
    close() {
      server.closeAllConnections()
      client.destroy()
      return Promise.resolve()
    },
  }
}

function addRoutes(app: express.Express): void {
  app.post('/login', (request, response, next) => {
    request.session.regenerate((error: unknown) => {
      if (error !== null && error !== undefined) return next(error)
      request.session.user = (request.query as { readonly user: string }).user
      request.session.roles = ['role-1', 'role-8']
      response.json({})
    })
  })
  app.post('/logout', (request, response, next) => {
    request.session.destroy((error: unknown) => {
      if (error !== null && error !== undefined) return next(error)
      response.json({})
    })
  })
  app.get(GUARDED_PATH, (request, response) => {
    const { user } = request.session
    if (user === undefined) return void response.status(401).json({ error: 'unauthenticated' })
    response.json(documentFor(user))
  })
}
