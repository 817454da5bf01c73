/**
 * ④ What of all that is reported belongs into the audit trail, and how it is told there.
 * Promise: public ids, names and reasons; whoever adds a report adds a line here, or it is not in the trail.
 */
import { parseSubject, type Scope, type SecurityEvent, type Subject } from '@curfew/contracts'

import { SESSION_LIMIT, SUSPECTED_THEFT } from '../log/session-entries.ts'
import type { Changed } from '../operators/ports.ts'
import type { Affected } from '../revocations/affected.ts'
import { tenantOfAsker } from '../revocations/approvals.ts'
import type { RecordedRevocation, RequestedRevocation } from '../revocations/ports.ts'
import { scopeText } from '../revocations/revocation.ts'
import type { Reports } from './reports.ts'

type Reported<K extends keyof Reports> = Parameters<Reports[K]>[0]
type Events = { readonly [K in keyof Reports]?: (of: Reported<K>) => SecurityEvent | undefined }

export const SECURITY_EVENTS = {
  sessionCreated: ({ id, tenant, user, client, addressClass }) => ({
    type: 'session.created',
    actor: `${tenant}/${user}`,
    outcome: 'done',
    tenant,
    user,
    client,
    session: id,
    ...(addressClass !== undefined && { addressClass }),
  }),
  sessionRefused: ({ client, reason, tenant, user }) => ({
    type: 'session.refused',
    actor: `${tenant}/${user}`,
    outcome: 'refused',
    tenant,
    user,
    client,
    reason,
  }),
  sessionEnded: ({ sessionId, actor, state, reason }) => ({
    type: 'session.ended',
    actor,
    outcome: state === 'unknown' ? 'unknown' : 'done',
    ...parseSubject(actor),
    session: sessionId,
    effect: state,
    ...(reason !== undefined && { reason }),
  }),
  sessionExpired: ({ sessionId, subject, client, limit }) => ({
    type: 'session.expired',
    actor: 'system',
    outcome: 'done',
    ...parseSubject(subject),
    client,
    session: sessionId,
    reason: `${limit} limit`,
  }),
  sessionRotated: ({ sessionId, actor, acr, isRenewed }) => ({
    type: 'session.rotated',
    actor,
    outcome: 'done',
    ...parseSubject(actor),
    session: sessionId,
    effect: isRenewed ? `authenticated anew as ${acr}` : 'another secret',
  }),
  predecessorUsed: ({ sessionId, subject, client, state }) => ({
    type: 'session.predecessor-used',
    actor: 'anonymous',
    outcome: state === 'unknown' ? 'unknown' : 'done',
    ...parseSubject(subject),
    client,
    session: sessionId,
    reason: SUSPECTED_THEFT,
    effect: `session ended: ${state}`,
  }),
  sessionLimitExceeded: ({ sessionId, subject, client, ended }) => ({
    type: 'session.limit.exceeded',
    actor: subject,
    outcome: 'done',
    ...parseSubject(subject),
    client,
    session: sessionId,
    reason: SESSION_LIMIT,
    effect: `${ended.length} ended`,
  }),
  claimSettled: ({ outcome, sessionId, tenant, user, reason }) => ({
    type: `claim.${outcome}`,
    actor: `${tenant}/${user}`,
    outcome: outcome === 'redeemed' ? 'done' : 'refused',
    tenant,
    user,
    session: sessionId,
    ...(reason !== undefined && { reason }),
  }),
  revocationRecorded: (recorded) => revocationEvent(recorded),
  revocationRequested: (requested) => ({
    ...requestedEvent(requested),
    type: 'revocation.requested',
    actor: requested.revocation.actor,
  }),
  revocationDecided: ({ decision, by, ...requested }) => ({
    ...requestedEvent(requested),
    type: `revocation.${decision}`,
    actor: by,
  }),
  revocationCounted: ({ revocation: { scope, reason, actor, id }, affected, requestId }) => ({
    type: 'revocation.counted',
    actor,
    outcome: affected === undefined ? 'unknown' : 'done',
    ...namesIn(scope),
    reason,
    effect: [
      `scope ${scope.type}`,
      affected === undefined ? 'not counted' : `${countText(affected)} ended`,
      id,
    ].join(', '),
    requestId,
  }),
  grantsChanged: (changed) => ({
    ...changeEvent('grants.changed', changed),
    ...parseSubject(changed.subject),
  }),
  roleChanged: (changed) => ({
    ...changeEvent('role.changed', { ...changed, change: `role ${changed.role}: ${changed.change}` }),
    tenant: changed.tenant,
  }),
  suspensionChanged: (changed) => ({
    ...changeEvent(changed.suspended ? 'suspension.begun' : 'suspension.ended', changed),
    tenant: changed.tenant,
    ...(changed.user !== undefined && { user: changed.user }),
  }),
  operatorRefused: ({ reason, sessionId, actor, addressClass, requestId }) => ({
    type: 'operator.refused',
    actor: actor ?? 'anonymous',
    outcome: 'refused',
    ...tenantOf(actor),
    ...(sessionId !== undefined && { session: sessionId }),
    reason,
    requestId,
    ...(addressClass !== undefined && { addressClass }),
  }),
  clientRefused: ({ client, addressClass, requestId }) => ({
    type: 'client.refused',
    actor: 'anonymous',
    outcome: 'refused',
    ...(client !== undefined && { client }),
    reason: client === undefined ? 'no known client' : 'wrong secret',
    requestId,
    ...(addressClass !== undefined && { addressClass }),
  }),
  tokenExamined: ({ client, result, sessionId }) =>
    result === 'mismatch' && sessionId !== undefined
      ? {
          type: 'token.guessed',
          actor: `client:${client}`,
          outcome: 'refused',
          client,
          session: sessionId,
          reason: result,
        }
      : undefined,
  tokenRevocationRefused: ({ client, sessionId, reason }) => ({
    type: 'token-revocation.refused',
    actor: `client:${client}`,
    outcome: 'refused',
    client,
    session: sessionId,
    reason,
  }),
  throttled: ({ policy, isFirst, actor, addressClass }) =>
    isFirst
      ? {
          type: 'rate.limited',
          actor,
          outcome: 'refused',
          ...tenantOf(actor),
          reason: policy,
          ...(addressClass !== undefined && { addressClass }),
        }
      : undefined,
} satisfies Events

const MAX_EFFECT = 300

function changeEvent(
  type: string,
  { actor, state, reason, change, effect, requestId }: Changed,
): SecurityEvent {
  const shortened = change.length > MAX_EFFECT / 2 ? `${change.slice(0, MAX_EFFECT / 2)}…` : change
  return {
    type,
    actor,
    outcome: state === 'unknown' ? 'unknown' : 'done',
    effect: `${shortened}; ${effect}`.slice(0, MAX_EFFECT),
    requestId,
    ...(reason !== undefined && { reason }),
  }
}

function revocationEvent({
  revocation: { scope, reason, actor, id },
  state,
  effect,
  affected,
  requestId,
}: RecordedRevocation): SecurityEvent {
  const count = affected === undefined ? [] : [countText(affected)]
  return {
    type: 'revocation.recorded',
    actor,
    outcome: state === 'unknown' ? 'unknown' : 'done',
    ...affected?.owner,
    ...namesIn(scope),
    reason,
    effect: [`scope ${scope.type}`, ...count, effect, id].join(', '),
    requestId,
  }
}

function requestedEvent({
  revocation,
  requestId,
}: RequestedRevocation): Omit<SecurityEvent, 'type' | 'actor'> {
  const { scope, reason, actor, id } = revocation
  return {
    outcome: 'done',
    ...namesIn(scope),
    // Told where the request is open (approvals.ts), not to the tenant that it may be about.
    tenant: tenantOfAsker(actor),
    reason,
    effect: `scope ${scopeText(scope)}, ${id}, asked for by ${actor}`,
    requestId,
  }
}

function countText({ count, isComplete, countMax }: Affected): string {
  const most = countMax === undefined ? '' : ` and at most ${countMax}`
  return `${isComplete ? '' : 'at least '}${count}${most} ${count === 1 && isComplete ? 'session' : 'sessions'}`
}

function namesIn(scope: Scope): Partial<SecurityEvent> {
  const { type: _, ...names } = scope
  return names
}

function tenantOf(actor: string | undefined): Partial<Pick<Subject, 'tenant'>> {
  const subject = parseSubject(actor ?? '')
  return subject === undefined ? {} : { tenant: subject.tenant }
}
