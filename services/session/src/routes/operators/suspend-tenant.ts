/**
 * ④ `POST /v1/tenants/{tenant}/suspend` and `/resume`: the same for a whole tenant, after a recent authentication.
 * Promise: it takes as many operators as a revocation of the tenant does, and nobody suspends their own tenant.
 */
import { ADMINISTRATIVE_TENANT } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { REVOKE } from '../../domain/log/permissions.ts'
import type { Touched } from '../../domain/operators/act-on-operators.ts'
import { reaches, type Operator } from '../../domain/operators/operator.ts'
import { needsTwo, type ApprovalPolicy } from '../../domain/revocations/approvals.ts'
import { newRevocationId } from '../../domain/revocations/revocation.ts'
import type { Answer } from '../shared/effect-answer.ts'
import { TenantParams } from '../shared/fields.ts'
import { tenantSuspensionAnswers } from '../shared/shapes.ts'
import { askForApproval, type Asking, type AskingPorts } from './ask-for-approval.ts'
import {
  changeSuspension,
  suspensionEntry,
  SuspensionBody,
  type SuspensionEntry,
  type SuspensionPorts,
} from './change-suspension.ts'
import type { OperatorGuard } from './operator-guard.ts'

const SUMMARIES = {
  suspend:
    'Suspends a tenant: no session in it is admitted and none can begin until resumed; revoke to end them for good',
  resume: 'Lets a suspended tenant begin sessions again; earlier ones within their limits are admitted again',
} as const

export interface TenantSuspensionRules {
  readonly guard: OperatorGuard
  readonly approval: ApprovalPolicy
}

export function suspendTenant(
  app: CurfewServer,
  ports: SuspensionPorts & AskingPorts,
  { guard, approval }: TenantSuspensionRules,
): void {
  for (const verb of ['suspend', 'resume'] as const)
    app.post(
      `/v1/tenants/:tenant/${verb}`,
      {
        schema: {
          params: TenantParams,
          body: SuspensionBody,
          ...described({ summary: SUMMARIES[verb], answers: tenantSuspensionAnswers() }),
        },
        onRequest: guard.requires(REVOKE),
      },
      async (request, reply) => {
        const { params: whom, body } = request
        const operator = guard.operatorOf(request)
        const { tenant } = whom
        if (!reaches(operator, tenant)) throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
        guard.requireRecent(request)
        const isSuspended = verb === 'suspend'
        // Nobody would be left who could resume it.
        if (isSuspended && tenant === ADMINISTRATIVE_TENANT)
          throw new Problem('conflict', 'the tenant of the operators cannot be suspended')
        guard.requireReason(body?.reason)
        const startedAtMs = ports.clock.nowMs()
        const entry = suspensionEntry({ actor: operator.actor, whom, body, isSuspended }, startedAtMs)
        if (isSuspended && operator.tenant !== tenant && needsTwo(approval, { type: 'tenant', tenant })) {
          const {
            status,
            headers = {},
            body: answer,
          } = await askToSuspend(ports, {
            request,
            guard,
            entry,
            session: operator.sessionId,
            waitMs: approval.waitMs,
          })
          return reply.code(status).headers(headers).send(answer)
        }
        const touches = async (by: Operator): Promise<Omit<Touched, 'last'>> => {
          const own = [...by.permissions]
          return { before: [], after: [], ownAfter: isSuspended && by.tenant === tenant ? [] : own }
        }
        return changeSuspension(ports, { request, reply, guard, startedAtMs, entry, touches })
      },
    )
}

type AskingToSuspend = Omit<Asking, 'entry' | 'onTopOf'> & { readonly entry: SuspensionEntry }

async function askToSuspend(
  ports: SuspensionPorts & AskingPorts,
  { entry, ...asking }: AskingToSuspend,
): Promise<Answer> {
  const { reason } = entry
  if (reason === undefined)
    throw new Problem('bad-request', 'member "reason" is missing: a second operator has to decide')
  const onTopOf = await ports.log.lastPositionOf(entry)
  const asked = { ...entry, id: newRevocationId(), type: 'suspended' as const, reason }
  return askForApproval(ports, { ...asking, entry: asked, onTopOf })
}
