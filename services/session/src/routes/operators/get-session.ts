/** ④ `GET /v1/sessions/{id}`: one live session; revoked, expired, unknown and another tenant's look the same. */
import { SessionIdSchema } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { READ } from '../../domain/log/permissions.ts'
import { findWithinReach } from '../../domain/revocations/revocation-reach.ts'
import type { LookUpPorts } from '../../domain/sessions/look-up.ts'
import { operatedSessionJson } from '../shared/session-json.ts'
import { SessionShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const ParamsSchema = Type.Object({ id: SessionIdSchema })

export function getSession(app: CurfewServer, ports: LookUpPorts, guard: OperatorGuard): void {
  const schema = {
    params: ParamsSchema,
    ...described({ summary: 'One live session', answers: { 200: Type.Object({ session: SessionShape }) } }),
  }
  app.get('/v1/sessions/:id', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const operator = guard.operatorOf(request)
    const found = await findWithinReach(ports, operator, request.params.id)
    // Written down whether or not it is there: whoever waits for that to happen must not be able to tell.
    if (found === undefined && !operator.isAdministrative)
      throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    if (found?.verdict !== 'live') throw new Problem('not-found')
    const isCurrent = found.session.id === operator.sessionId
    return {
      session: { ...operatedSessionJson(found, ports.view.wide), ...(isCurrent && { current: true }) },
    }
  })
}
