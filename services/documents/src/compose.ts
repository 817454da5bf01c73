/**
 * ③ Joins the parts of the documents service: the only place where adapters are made.
 * Promise: what was opened is closed again, in the opposite order, also when the start fails half way.
 */
import type { Audience } from '@curfew/contracts'
import { curfewFastify } from '@curfew/fastify'
import { connectMessaging, isConnected } from '@curfew/messaging'
import { createHttpServer, createMetrics, type Logger, type RunningService } from '@curfew/service-kit'
import { describeApi } from '@curfew/service-kit/api-description'
import { connectRedis, redisReadiness } from '@curfew/service-kit/redis'
import { createVerifier } from '@curfew/verifier'

import { openClaimKeys } from './adapters/claim-keys.ts'
import { createClaimMint } from './adapters/claim-mint.ts'
import { createHttpFileService } from './adapters/http-file-service.ts'
import { createRedisDocumentStore } from './adapters/redis-document-store.ts'
import { createRedisUploadAllowance } from './adapters/redis-upload-allowance.ts'
import type { DocumentsConfig } from './config.ts'
import { addDocumentRoutes } from './routes/document-routes.ts'

const SERVICE = 'documents'
/** The gateway mints relay tokens for it, and no other service accepts them. */
const AUDIENCE = SERVICE as Audience

/** Listens when it resolves. @throws when there is no key to sign with or NATS cannot be reached */
export async function composeDocuments(config: DocumentsConfig, logger: Logger): Promise<RunningService> {
  await using stack = new AsyncDisposableStack()
  const registry = createMetrics(SERVICE)
  const keys = stack.use(await openClaimKeys(config, logger))
  const { issuer, claimLifetimeSeconds: lifetimeSeconds } = config
  const claims = createClaimMint({ issuer, keys, lifetimeSeconds })
  const redis = connectRedis({ url: config.redisUrl, name: SERVICE, logger })
  stack.defer(() => redis.disconnect())
  const nc = await connectMessaging({ url: config.natsUrl, name: SERVICE, logger })
  stack.defer(() => (isConnected(nc) ? nc.drain() : nc.close()))
  const verifier = await createVerifier({ nc, audience: AUDIENCE, registry, logger })
  stack.defer(() => verifier.close())

  const app = createHttpServer({
    service: SERVICE,
    logger,
    registry,
    readiness: [
      { name: 'nats', check: () => isConnected(nc) || 'no connection' },
      { name: 'verifier', check: () => verifier.ready || 'no session service answers' },
      { name: 'claim-keys', check: () => keys.isCurrent() || 'their directory cannot be read' },
      redisReadiness(redis, 'documents:'),
    ],
    operations: config.operations,
  })
  stack.defer(() => app.close())
  await describeApi(app, {
    title: 'Curfew: documents',
    description: 'The example of a domain service, behind the gateway as `/api/documents`.',
    credentials: {
      gateway: {
        type: 'http',
        scheme: 'bearer',
        description: 'A relay token for this service, from the gateway',
      },
    },
    // Nobody has such a token at hand.
    isPageServed: false,
  })
  await app.register(curfewFastify, { verifier })
  addDocumentRoutes(app, {
    documents: createRedisDocumentStore(redis),
    files: createHttpFileService(config.files, claims),
    claims,
    uploads: createRedisUploadAllowance(redis, config.uploadQuota),
    claimLifetimeSeconds: lifetimeSeconds,
    quota: config.documentQuota,
    maxBytes: config.maxBytes,
  })
  await app.listen(config.listen)

  const owned = stack.move()
  const { drainDelayMs: delayMs } = config
  return { close: () => owned.disposeAsync(), drain: { leave: () => app.leave(), delayMs } }
}
