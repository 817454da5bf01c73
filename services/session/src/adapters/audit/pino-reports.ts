/**
 * ④ Tells what happened: a log line and a number, always together.
 * Promise: public ids only; a token, a secret or its hash is never an argument here.
 */
import type { Logger } from 'pino'

import type { Reports } from '../../domain/audit/reports.ts'
import type { SessionMetrics } from './session-metrics.ts'

export function createReports(logger: Logger, metrics: SessionMetrics): Reports {
  return {
    ...sessionReports(logger, metrics),
    ...rotationReports(logger, metrics),
    ...operatorReports(logger, metrics),
    ...clientReports(logger, metrics),
    ...logReports(logger, metrics),
  }
}

type SessionReports = Pick<
  Reports,
  | 'sessionCreated'
  | 'sessionRefused'
  | 'sessionEnded'
  | 'sessionExpired'
  | 'expiryFailed'
  | 'sessionLimitExceeded'
  | 'sessionsResolved'
  | 'touchFailed'
  | 'claimSettled'
>

function sessionReports(logger: Logger, metrics: SessionMetrics): SessionReports {
  return {
    sessionCreated({ id, tenant, user, client }) {
      metrics.created.inc()
      logger.info({ event: 'session.created', sessionId: id, subject: `${tenant}/${user}`, client })
    },
    sessionRefused({ client, reason, tenant, user }) {
      metrics.refused.inc({ reason })
      logger.warn({ event: 'session.refused', client, reason, subject: `${tenant}/${user}` })
    },
    sessionEnded({ sessionId, actor, state, reason }) {
      metrics.ended.inc({ reason: 'logout' })
      logger.info({
        event: 'session.ended',
        sessionId,
        actor,
        state,
        ...(reason !== undefined && { reason }),
      })
    },
    sessionExpired({ sessionId, subject, client, limit }) {
      metrics.ended.inc({ reason: `${limit}-limit` })
      logger.info({ event: 'session.expired', sessionId, subject, client, limit })
    },
    expiryFailed(err) {
      logger.warn({ event: 'session.expiry.failed', err })
    },
    sessionLimitExceeded({ subject, max, ended }) {
      metrics.limitExceeded.inc()
      metrics.ended.inc({ reason: 'session-limit' }, ended.length)
      logger.warn({ event: 'session.limit.exceeded', subject, max, ended })
    },
    sessionsResolved(results) {
      for (const [result, count] of results) metrics.resolved.inc({ result }, count)
    },
    touchFailed(err) {
      logger.warn({ event: 'session.touch.failed', err })
    },
    claimSettled({ outcome, sessionId, reason }) {
      metrics.claims.inc({ outcome })
      const fields = { event: `claim.${outcome}`, sessionId, ...(reason !== undefined && { reason }) }
      if (outcome === 'redeemed') logger.info(fields)
      else logger.warn(fields)
    },
  }
}

type RotationReports = Pick<
  Reports,
  'sessionRotated' | 'rotationRefused' | 'overlapEnded' | 'predecessorUsed' | 'secretUnsettled'
>

function rotationReports(logger: Logger, metrics: SessionMetrics): RotationReports {
  return {
    sessionRotated(rotated) {
      metrics.rotations.inc({ outcome: 'rotated' })
      logger.info({ event: 'session.rotated', ...rotated })
    },
    rotationRefused({ sessionId, reason }) {
      metrics.rotations.inc({ outcome: reason })
      logger.warn({ event: 'session.rotation.refused', sessionId, reason })
    },
    overlapEnded(sessionId) {
      logger.info({ event: 'session.overlap.ended', sessionId })
    },
    predecessorUsed({ sessionId, subject, state }) {
      metrics.predecessorsUsed.inc()
      metrics.ended.inc({ reason: 'suspected-theft' })
      logger.warn({ event: 'session.predecessor-used', sessionId, subject, state })
    },
    secretUnsettled(err) {
      logger.warn({ event: 'session.secret.unsettled', err })
    },
  }
}

type CallerReports = Pick<
  Reports,
  | 'revocationRecorded'
  | 'revocationRequested'
  | 'revocationDecided'
  | 'revocationCounted'
  | 'grantsChanged'
  | 'roleChanged'
  | 'suspensionChanged'
  | 'operatorRefused'
>

function operatorReports(logger: Logger, metrics: SessionMetrics): CallerReports {
  return {
    revocationRecorded({ revocation: { scope, ...revocation }, state, isProjected, requestId }) {
      metrics.revocations.inc({ scope: scope.type, state })
      if (scope.type === 'session') metrics.ended.inc({ reason: 'revoked' })
      logger.info({ event: `revocation.${state}`, ...revocation, scope, isProjected, requestId })
    },
    revocationRequested({ revocation, requestId }) {
      logger.info({ event: 'revocation.requested', ...revocation, requestId })
    },
    revocationDecided({ revocation, decision, by, requestId }) {
      logger.info({ event: `revocation.${decision}`, ...revocation, by, requestId })
    },
    revocationCounted({ revocation: { id, scope }, affected, requestId }) {
      logger.info({ event: 'revocation.counted', id, scope, sessions: affected, requestId })
    },
    grantsChanged(changed) {
      logger.info({ event: 'grants.changed', ...changed })
    },
    roleChanged(changed) {
      logger.info({ event: 'role.changed', ...changed })
    },
    suspensionChanged({ suspended, ...changed }) {
      logger.info({ event: suspended ? 'suspension.begun' : 'suspension.ended', ...changed })
    },
    operatorRefused({ reason, ...refused }) {
      metrics.operatorRefusals.inc({ reason })
      logger.warn({ event: 'operator.refused', reason, ...refused })
    },
  }
}

type ClientReports = Pick<Reports, 'clientRefused' | 'tokenExamined' | 'tokenRevocationRefused' | 'throttled'>

function clientReports(logger: Logger, metrics: SessionMetrics): ClientReports {
  return {
    clientRefused(refused) {
      metrics.operatorRefusals.inc({ reason: 'invalid-client' })
      logger.warn({ event: 'client.refused', ...refused })
    },
    tokenExamined({ result, ...examined }) {
      metrics.introspections.inc({ result })
      const fields = { event: 'token.examined', result, ...examined }
      if (result === 'mismatch' || result === 'not-allowed') logger.warn(fields)
      else logger.debug(fields)
    },
    tokenRevocationRefused(refused) {
      logger.warn({ event: 'token.revocation.refused', ...refused })
    },
    throttled({ policy, isFirst, ...who }) {
      metrics.throttled.inc({ policy })
      if (isFirst) logger.warn({ event: 'rate.limited', policy, ...who })
    },
  }
}

type LogReports = Pick<
  Reports,
  | 'confirmationSettled'
  | 'projectionFailed'
  | 'pruningFailed'
  | 'viewStartedAgain'
  | 'logInDoubt'
  | 'logFrozen'
  | 'logRoomChanged'
  | 'logHadNoRoom'
  | 'joinRefused'
  | 'epochEntered'
>

function logReports(logger: Logger, metrics: SessionMetrics): LogReports {
  return {
    confirmationSettled({ by, durationMs }) {
      metrics.confirmations.inc({ by })
      if (by !== 'none') metrics.confirmationSeconds.observe(durationMs / 1_000)
    },
    pruningFailed(err) {
      logger.warn({ event: 'members.pruning.failed', err })
    },
    projectionFailed(err) {
      metrics.projectionFailures.inc()
      logger.error({ event: 'projection.failed', err })
    },
    viewStartedAgain(reason) {
      metrics.restarts.inc({ reason })
      logger.error({ event: 'view.started-again', reason })
    },
    logInDoubt(reason) {
      metrics.doubts.inc()
      logger.error({ event: 'log.in-doubt', reason })
    },
    logFrozen(reason) {
      logger.error({ event: 'log.frozen', reason })
    },
    logRoomChanged({ state, ...room }) {
      const fields = { event: 'log.room', state, ...room }
      if (state === 'plenty' || state === 'unknown') logger.info(fields)
      else if (state === 'low') logger.warn(fields)
      else logger.error(fields)
    },
    joinRefused({ service, reason, isFirst }) {
      metrics.joinsRefused.inc({ reason })
      // `service` is whose line this is.
      if (isFirst) logger.warn({ event: 'member.join.refused', member: service, reason })
    },
    logHadNoRoom(type) {
      metrics.withoutRoom.inc({ type })
    },
    epochEntered(entered) {
      metrics.epochsEntered.inc()
      logger.error({ event: 'epoch.entered', ...entered }, 'every session from before this epoch is over')
    },
  }
}
