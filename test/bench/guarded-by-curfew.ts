/** ② ③ The guarded route as a user of Curfew writes it, and what Curfew's own server costs around it. */
import { ANYWHERE, GUARDED_PATH, documentFor, type Guarded } from '@curfew/bench-peers/guarded'
import { GATEWAY_AUDIENCE } from '@curfew/contracts'
import { curfewFastify } from '@curfew/fastify'
import { connectMessaging } from '@curfew/messaging'
import { createHttpServer, createLogger, createMetrics } from '@curfew/service-kit'
import { createVerifier, type Verifier } from '@curfew/verifier'
import { fastify } from 'fastify'

import { silent } from './filling.ts'

type Started = Pick<Guarded, 'url' | 'close'>

/** In a Fastify server like that of the peers: no log, no metrics, no headers of its own. */
export async function startCurfew(natsUrl: string): Promise<Started> {
  const { verifier, close } = await openVerifier(natsUrl)
  const app = fastify()
  await app.register(curfewFastify, { verifier })
  app.get(GUARDED_PATH, { onRequest: app.requireSession }, (request) => documentFor(request.session.user))
  return {
    url: await app.listen(ANYWHERE),
    async close() {
      await app.close()
      await close()
    },
  }
}

/** In the server that every service of Curfew has: a log line, a histogram and the usual headers for each request. */
export async function startCurfewServer(natsUrl?: string): Promise<Started> {
  const app = createHttpServer({
    service: 'documents',
    logger: createLogger({ service: 'documents', level: 'info' }),
    registry: createMetrics('documents'),
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
  })
  const guarded = natsUrl === undefined ? undefined : await openVerifier(natsUrl)
  if (guarded === undefined) app.get(GUARDED_PATH, () => documentFor('nobody'))
  else {
    await app.register(curfewFastify, { verifier: guarded.verifier })
    app.get(GUARDED_PATH, { onRequest: app.requireSession }, ({ session }) => documentFor(session.user))
  }
  return {
    url: await app.listen(ANYWHERE),
    async close() {
      await app.close()
      await guarded?.close()
    },
  }
}

async function openVerifier(natsUrl: string): Promise<{ verifier: Verifier; close: () => Promise<void> }> {
  const nc = await connectMessaging({ url: natsUrl, name: 'bench' })
  const verifier = await createVerifier({ nc, audience: GATEWAY_AUDIENCE, logger: silent })
  return {
    verifier,
    async close() {
      await verifier.close()
      await nc.close()
    },
  }
}
