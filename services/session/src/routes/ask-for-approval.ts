/**
 * ④ Leaves what an operator wants for a second one to decide.
 * Promise: asked twice under one id, it waits once; nothing of it is in the log before it is approved.
 */
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import type { Approval, ApprovalStore } from '../domain/approvals.ts'
import { isSameRequest } from '../domain/revocation.ts'
import type { Clock, Reports } from '../ports.ts'
import { approvalJson, requestedOf } from './approval-json.ts'
import type { Answer } from './effect-answer.ts'

export interface AskingPorts {
  readonly approvals: ApprovalStore
  readonly clock: Clock
  readonly reports: Reports
}

export interface Asking extends Pick<Approval, 'entry' | 'session' | 'onTopOf'> {
  readonly request: FastifyRequest
  readonly waitMs: number
}

export async function askForApproval(ports: AskingPorts, asking: Asking): Promise<Answer> {
  const { request, entry, session, onTopOf, waitMs } = asking
  const expiresAtMs = ports.clock.nowMs() + waitMs
  const added: Approval = { entry, session, onTopOf, state: 'pending', expiresAtMs }
  await ports.approvals.add(added)
  const approval = await ports.approvals.find(entry.id)
  // It has expired in this moment.
  if (approval === undefined) throw new Problem('conflict', 'the request has waited too long')
  const asked = requestedOf(approval)
  if (!isSameRequest(asked, requestedOf(added))) throw new Problem('idempotency-key-reused')
  if (asked.at === entry.at) ports.reports.revocationRequested({ revocation: asked, requestId: request.id })
  return {
    status: 202,
    headers: { location: `/v1/revocations/${entry.id}` },
    body: approvalJson(approval),
  }
}
