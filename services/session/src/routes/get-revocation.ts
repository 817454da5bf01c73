/** ④ `GET /v1/revocations/{id}`: one revocation, also while Redis does not show it yet. */
import { Problem, type CurfewServer } from '@curfew/service-kit'
import { Type } from 'typebox'

import { isVisible } from '../domain/list-revocations.ts'
import type { LogView } from '../domain/log-view.ts'
import { READ } from '../domain/permissions.ts'
import { REVOCATION_ID_PATTERN } from '../domain/revocation.ts'
import { findRevocation } from '../domain/revoke.ts'
import type { FactLog, RevocationHistory } from '../ports.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { revocationJson } from './revocation-json.ts'

const ParamsSchema = Type.Object({ id: Type.String({ pattern: REVOCATION_ID_PATTERN }) })

export interface GetRevocationPorts {
  readonly log: FactLog
  readonly view: LogView
  readonly history: RevocationHistory
}

export function getRevocation(app: CurfewServer, ports: GetRevocationPorts, guard: OperatorGuard): void {
  const schema = { params: ParamsSchema }
  app.get('/v1/revocations/:id', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const revocation = await findRevocation(ports, request.params.id)
    if (revocation === undefined || !isVisible(revocation, guard.operatorOf(request)))
      throw new Problem('not-found')
    return {
      revocation: revocationJson(revocation, revocation.position),
      state: ports.log.isConfirmed(revocation.position) ? 'confirmed' : 'recorded',
      recorded: ports.view.projected >= revocation.position,
    }
  })
}
