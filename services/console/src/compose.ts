/**
 * Joins the console: the only place where adapters are made.
 * Promise: it holds no session, no secret and no power; each call carries the operator's own token, out of his cookie.
 */
import { addOwnHeaders } from '@curfew/browser-boundary'
import { createHttpServer, createMetrics, type CurfewServer, type Logger } from '@curfew/service-kit'

import { createBackend, type BackendConnections } from './adapters/undici-backend.ts'
import { readPageFiles } from './adapters/page-files.ts'
import type { ConsoleConfig } from './config.ts'
import { createOwnPage } from './routes/own-page.ts'
import { addOperatorApi } from './routes/operator-api.ts'
import { addPages } from './routes/pages.ts'
import { addSignIn } from './routes/sign-in.ts'

export interface Console {
  readonly app: CurfewServer
  close(): Promise<void>
}

/** Less than the ten seconds that a process has for stopping. */
const DRAIN_MS = 4_000

/** @throws Error where the page has not been built */
export async function composeConsole(config: ConsoleConfig, logger: Logger): Promise<Console> {
  const files = await readPageFiles(config.pageDirectory)
  const gateway = createBackend(config.gatewayOrigin)
  const authority = createBackend(config.sessionOrigin)
  const app = createHttpServer({
    service: 'console',
    logger,
    registry: createMetrics('console'),
    operations: config.operations,
    isTrustedProxy: config.isTrustedProxy,
    // The page has to load most of all when nothing else answers: it says so itself.
    readiness: [],
  })
  const ownPage = createOwnPage(config.cookieName)
  addOwnHeaders(app)
  addPages(app, files)
  addSignIn(app, { ownPage, gateway, authority })
  addOperatorApi(app, { ownPage, authority })
  return {
    app,
    async close() {
      // Streams of events never end by themselves.
      const timer = setTimeout(() => void closeAll(gateway, authority), DRAIN_MS)
      await app.close()
      clearTimeout(timer)
      await closeAll(gateway, authority)
    },
  }
}

async function closeAll(...backends: readonly BackendConnections[]): Promise<void> {
  await Promise.all(backends.map((backend) => backend.close()))
}
