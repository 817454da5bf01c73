/** ④ `GET /v1/revocations/{id}`: one revocation, also while Redis does not show it yet. */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import type { LogView } from '../../domain/log/log-view.ts'
import { READ } from '../../domain/log/permissions.ts'
import type { FactLog } from '../../domain/log/ports.ts'
import { isOpenTo, type ApprovalStore } from '../../domain/revocations/approvals.ts'
import { isVisible } from '../../domain/revocations/list-revocations.ts'
import type { RevocationHistory } from '../../domain/revocations/ports.ts'
import { REVOCATION_ID_PATTERN } from '../../domain/revocations/revocation.ts'
import { findRevocation } from '../../domain/revocations/revoke.ts'
import { approvalJson } from '../shared/approval-json.ts'
import { revocationCountJson } from '../shared/count-json.ts'
import { revocationJson } from '../shared/revocation-json.ts'
import { RevocationStateShape } from '../shared/shapes.ts'
import { keptCount } from './carry-out-revocation.ts'
import type { OperatorGuard } from './operator-guard.ts'

const ParamsSchema = Type.Object({ id: Type.String({ pattern: REVOCATION_ID_PATTERN }) })

export interface GetRevocationPorts {
  readonly log: FactLog
  readonly view: LogView
  readonly history: RevocationHistory
  readonly approvals: ApprovalStore
}

export function getRevocation(app: CurfewServer, ports: GetRevocationPorts, guard: OperatorGuard): void {
  const schema = {
    params: ParamsSchema,
    ...described({
      summary: 'One revocation and how many sessions it ended, or one that waits for a second operator',
      answers: { 200: RevocationStateShape },
    }),
  }
  app.get('/v1/revocations/:id', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const operator = guard.operatorOf(request)
    const { id } = request.params
    const revocation = await findRevocation(ports, id)
    if (revocation === undefined) {
      const approval = await ports.approvals.find(id)
      if (approval !== undefined && isOpenTo(approval, operator)) return approvalJson(approval)
    }
    if (revocation === undefined || !isVisible(revocation, operator)) throw new Problem('not-found')
    return {
      revocation: revocationJson(revocation, revocation.position),
      state: ports.log.isConfirmed(revocation.position) ? 'confirmed' : 'recorded',
      recorded: ports.view.projected >= revocation.position,
      ...revocationCountJson(await keptCount(ports, id)),
    }
  })
}
