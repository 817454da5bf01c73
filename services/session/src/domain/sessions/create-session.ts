/**
 * ① ④ Creates a session for a subject that somebody trusted has authenticated.
 * Promise: a login that raced a revocation loses; no session is handed out that the list of its subject would not show.
 */
import {
  formatSessionToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  subjectKey,
  type ClientId,
  type Position,
  type TenantId,
  type UserId,
} from '@curfew/contracts'

import type { SubjectFacts } from '../log/facts.ts'
import { isOperator } from '../log/permissions.ts'
import { requireRoom } from '../log/require-lease.ts'
import { Unavailable } from '../log/unavailable.ts'
import { limitSessions, type LimitPorts } from './limit-sessions.ts'
import { lookUpSubject } from './look-up.ts'
import { limitsFor, type SessionLimits } from './session-limits.ts'
import type { SessionRecord } from './session-record.ts'
import { isRevoked, isSuspended } from './validity.ts'

export interface SessionRequest {
  readonly birth: Position
  readonly tenant: TenantId
  readonly user: UserId
  readonly client: ClientId
  readonly isClientMade?: boolean | undefined
  readonly acr: string
  readonly amr: readonly string[]
  readonly label?: string | undefined
  readonly addressClass?: string | undefined
}

export interface CreationSettings {
  readonly limits: SessionLimits
  readonly maxPerUser: number
}

export type Creation =
  | {
      readonly outcome: 'created'
      readonly token: string
      readonly session: SessionRecord
      readonly subject: SubjectFacts
    }
  | { readonly outcome: 'refused'; readonly reason: 'revoked' | 'suspended' }

/** How long to wait for a birth that another replica gave out and this one has not reached. */
const BIRTH_WITHIN_MS = 1_000

export async function createSession(
  ports: LimitPorts,
  request: SessionRequest,
  { limits, maxPerUser }: CreationSettings,
): Promise<Creation> {
  if (!(await ports.log.waitFor(request.birth, BIRTH_WITHIN_MS))) throw new Unavailable('birth-ahead')
  const subject = await lookUpSubject(ports, subjectKey(request.tenant, request.user))
  const evidence = { subject, wide: ports.view.wide }
  if (isRevoked(request, evidence)) return { outcome: 'refused', reason: 'revoked' }
  if (isSuspended(request.tenant, evidence)) return { outcome: 'refused', reason: 'suspended' }
  const isForOperator = isOperator(request.tenant, subject.grants, evidence.wide)
  requireRoom(ports.log, isForOperator ? 'operators' : 'sessions')

  const secret = newSessionSecret()
  const nowMs = ports.clock.nowMs()
  const { idleTimeoutMs, absoluteTimeoutMs } = limitsFor(limits, request.acr)
  const session: SessionRecord = {
    ...request,
    id: newSessionId(),
    secretHash: hashSecret(secret),
    createdAtMs: nowMs,
    authTimeMs: nowMs,
    lastSeenMs: nowMs,
    idleTimeoutMs,
    expiresAtMs: nowMs + absoluteTimeoutMs,
  }
  await ports.sessions.create(session)
  try {
    await limitSessions(ports, session, maxPerUser)
  } catch (error) {
    // Nobody gets its token; left there, it would count.
    await ports.sessions.discard(session).catch(() => undefined)
    throw error
  }
  return { outcome: 'created', token: formatSessionToken(session.id, secret), session, subject }
}
