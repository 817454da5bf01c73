/**
 * ⑦ Joins the parts of the file service: the only place where adapters are made.
 * Promise: what was opened is closed again, in the opposite order, also when the start fails half way.
 */
import { connectMessaging, isConnected } from '@curfew/messaging'
import { createHttpServer, createMetrics, type Logger, type RunningService } from '@curfew/service-kit'

import { createClaimDesk } from './adapters/claim-desk.ts'
import { openDirectoryStore } from './adapters/directory-store.ts'
import type { FilesConfig } from './config.ts'
import { corsHeaders } from './routes/cors.ts'
import { addFileRoutes } from './routes/file-routes.ts'

const SERVICE = 'files'
/** The longest upload, however steadily it comes in; other bodies are given seconds. */
const UPLOAD_TIMEOUT_MS = 3_600_000

const SWEEP_EVERY_MS = 600_000

/** Listens when it resolves. @throws when NATS cannot be reached or the directory cannot be used */
export async function composeFiles(config: FilesConfig, logger: Logger): Promise<RunningService> {
  await using stack = new AsyncDisposableStack()
  const registry = createMetrics(SERVICE)
  const store = await openDirectoryStore(config.root)
  const sweeping = setInterval(() => {
    store.sweep().catch((err: unknown) => logger.error({ event: 'storage.sweep.failed', err }))
  }, SWEEP_EVERY_MS)
  stack.defer(() => clearInterval(sweeping))
  const nc = await connectMessaging({ url: config.natsUrl, name: SERVICE, logger })
  stack.defer(() => (isConnected(nc) ? nc.drain() : nc.close()))

  const app = createHttpServer({
    service: SERVICE,
    logger,
    registry,
    readiness: [
      { name: 'nats', check: () => isConnected(nc) || 'no connection' },
      { name: 'storage', check: () => store.checkWritable().then(() => true) },
    ],
    requestTimeoutMs: UPLOAD_TIMEOUT_MS,
    operations: config.operations,
    answerHeaders: corsHeaders(config.corsOrigins),
    isTrustedProxy: config.isTrustedProxy,
  })
  const deliveries = addFileRoutes(app, {
    claims: createClaimDesk(nc, { issuers: config.issuers, algorithms: config.claimAlgorithms }),
    store,
    registry,
    allowClaimInUrl: config.allowClaimInUrl,
    corsOrigins: config.corsOrigins,
    maxBytes: config.maxBytes,
    pace: { stallMs: config.stallMs, minBytesPerSecond: config.minBytesPerSecond },
  })
  stack.defer(() => deliveries.settled())
  stack.defer(() => app.close())
  await app.listen(config.listen)

  const owned = stack.move()
  const { drainDelayMs: delayMs } = config
  return { close: () => owned.disposeAsync(), drain: { leave: () => app.leave(), delayMs } }
}
