/**
 * ⑦ How long a request body may take to arrive.
 * Promise: only an upload whose claim is spent may take its time; the rest of a refused one is not read for long, and a
 * caller that is still sending nevertheless gets to read its refusal, which closing at once could cost it.
 */
import type { IncomingMessage } from 'node:http'

import type { CurfewServer } from '@curfew/service-kit'

const PATIENCE_MS = 10_000

export interface BodyPatience {
  /** The body of an admitted upload: wanted, however long it takes. */
  release(request: IncomingMessage): void
}

export function limitBodies(app: CurfewServer): BodyPatience {
  const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>()
  const release = (request: IncomingMessage): void => clearTimeout(timers.get(request))
  const arm = (request: IncomingMessage): void => {
    release(request)
    timers.set(
      request,
      setTimeout(() => {
        if (!request.complete) request.destroy()
      }, PATIENCE_MS).unref(),
    )
  }
  app.addHook('onRequest', async ({ raw }) => {
    if (raw.headers['transfer-encoding'] === undefined && Number(raw.headers['content-length'] ?? 0) === 0)
      return
    arm(raw)
    raw.once('close', () => release(raw))
  })
  // What an upload that failed has not read is nobody's any more.
  app.addHook('onResponse', async ({ raw }) => {
    if (!raw.complete) arm(raw)
  })
  return { release }
}
