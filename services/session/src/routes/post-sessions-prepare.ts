/**
 * ④ `POST /v1/sessions/prepare`: asked by a trusted backend before it reads the first credential.
 * Promise: the same birth as the gateway would get: a login that uses it loses against every revocation that came after.
 */
import type { CurfewServer } from '@curfew/service-kit'

import { requireLease } from '../domain/require-lease.ts'
import type { ClientGuard } from './client-guard.ts'
import type { PreparePorts } from './nats-prepare-session.ts'

export function postSessionsPrepare(
  app: CurfewServer,
  { log, view }: PreparePorts,
  guard: ClientGuard,
): void {
  app.post('/v1/sessions/prepare', { onRequest: guard.requireClient }, () => {
    requireLease(log)
    return { birth: view.applied }
  })
}
