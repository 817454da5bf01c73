/** ④ `GET /v1/sessions/{id}`: one live session; revoked, expired, unknown and another tenant's look the same. */
import { SessionIdSchema } from '@curfew/contracts'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import { Type } from 'typebox'

import { lookUp, type LookUpPorts } from '../domain/look-up.ts'
import { reaches } from '../domain/operator.ts'
import { READ } from '../domain/permissions.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { operatedSessionJson } from './session-json.ts'

const ParamsSchema = Type.Object({ id: SessionIdSchema })

export function getSession(app: CurfewServer, ports: LookUpPorts, guard: OperatorGuard): void {
  const schema = { params: ParamsSchema }
  app.get('/v1/sessions/:id', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const [found] = (await lookUp(ports, [request.params.id])).sessions
    const operator = guard.operatorOf(request)
    if (found?.verdict !== 'live') throw new Problem('not-found')
    if (!reaches(operator, found.session.tenant))
      throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    const isCurrent = found.session.id === operator.sessionId
    return {
      session: { ...operatedSessionJson(found, ports.view.wide), ...(isCurrent && { current: true }) },
    }
  })
}
