/**
 * ④ `POST /v1/sessions/prepare`: asked by a trusted backend before it reads the first credential.
 * Promise: the same birth as the gateway would get: a login that uses it loses against every revocation that came after.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { requireLease, requireRoom } from '../../domain/log/require-lease.ts'
import type { PreparePorts } from '../nats/nats-prepare-session.ts'
import { BirthShape } from '../shared/shapes.ts'
import type { ClientGuard } from './client-guard.ts'
import type { PostSessionsPorts } from './post-sessions.ts'

export function postSessionsPrepare(
  app: CurfewServer,
  { log, view, clients }: PreparePorts & Pick<PostSessionsPorts, 'clients'>,
  guard: ClientGuard,
): void {
  const schema = described({
    summary: 'To be asked before the first credential is read',
    answers: { 200: BirthShape },
    credentials: ['client'],
  })
  app.post('/v1/sessions/prepare', { schema, onRequest: guard.requireClient }, (request) => {
    if (clients.find(guard.clientOf(request))?.sessions === undefined)
      throw new Problem('forbidden', 'the client is not registered to begin sessions')
    requireLease(log)
    // The user of the session is not known yet.
    requireRoom(log, 'operators')
    return { birth: view.applied }
  })
}
