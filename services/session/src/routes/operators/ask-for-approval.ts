/**
 * ④ Leaves what an operator wants for a second one to decide.
 * Promise: asked twice under one id, it waits once; nothing of it is in the log before it is approved; how many wait is limited for
 * each operator and for the operators of each tenant.
 */
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import type { Clock } from '../../domain/log/ports.ts'
import {
  MAX_PENDING_PER_OPERATOR,
  MAX_PENDING_PER_TENANT,
  type Added,
  type Approval,
  type ApprovalStore,
} from '../../domain/revocations/approvals.ts'
import type { RevocationReports } from '../../domain/revocations/ports.ts'
import { isSameRequest } from '../../domain/revocations/revocation.ts'
import { approvalJson, requestedOf } from '../shared/approval-json.ts'
import type { Answer } from '../shared/effect-answer.ts'
import type { OperatorGuard } from './operator-guard.ts'

export interface AskingPorts {
  readonly approvals: ApprovalStore
  readonly clock: Clock
  readonly reports: RevocationReports
}

export interface Asking extends Pick<Approval, 'entry' | 'session' | 'onTopOf'> {
  readonly request: FastifyRequest
  readonly guard: OperatorGuard
  readonly waitMs: number
}

const NO_ROOM: Readonly<Record<Exclude<Added, 'added'>, string>> = {
  'operator-full': `${MAX_PENDING_PER_OPERATOR} of your requests wait for a second operator: have some decided first`,
  'tenant-full': `${MAX_PENDING_PER_TENANT} requests of your tenant's operators wait for a second one: have some decided first`,
}

export async function askForApproval(ports: AskingPorts, asking: Asking): Promise<Answer> {
  const { request, guard, entry, session, onTopOf, waitMs } = asking
  const nowMs = ports.clock.nowMs()
  const asked: Approval = { entry, session, onTopOf, state: 'pending', expiresAtMs: nowMs + waitMs }
  const added = await ports.approvals.add(asked, nowMs)
  if (added !== 'added')
    throw guard.refusal(request, 'too-many-pending', new Problem('quota-exceeded', NO_ROOM[added]))
  const approval = await ports.approvals.find(entry.id)
  // It has expired in this moment.
  if (approval === undefined) throw new Problem('conflict', 'the request has waited too long')
  const revocation = requestedOf(approval)
  if (!isSameRequest(revocation, requestedOf(asked))) throw new Problem('idempotency-key-reused')
  if (revocation.at === entry.at) ports.reports.revocationRequested({ revocation, requestId: request.id })
  return {
    status: 202,
    headers: { location: `/v1/revocations/${entry.id}` },
    body: approvalJson(approval),
  }
}
