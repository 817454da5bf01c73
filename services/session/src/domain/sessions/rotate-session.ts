/**
 * ④ ⑤ Gives a session another secret; its id and its birth stay.
 * Promise: the new secret is handed out when no verifier can refuse it any more, and at every moment before, whoever dies or
 * fails, the old one works; of rotations at the same time at most one is answered with a token.
 *
 *   1. Redis notes the new hash as pending, if the secret presented is the one in place (compare and set).
 *   2. The log says `rotated`. Verifiers forget the session; what they are told of it while a hash is pending is for one
 *      check only. So once every member has applied the entry, or W has passed, nobody remembers the old hash as the only one.
 *   3. Redis puts the pending hash in place, if it is still pending. The old one is a predecessor with a time limit now.
 *   4. The token is answered.
 *
 * Whoever dies before 3 leaves a pending hash that nobody has: the old secret stays in place. What has been pending for too
 * long is withdrawn by the next question about the session; after that, step 3 cannot happen any more. So the order "log
 * first, Redis last" could not lock anybody out, and "Redis first" could: verifiers would refuse what Redis had in place.
 * A failure in 3 whose outcome is not known, or a death between 3 and 4, is to the person an answer that was lost: the old
 * secret works until its time limit, then they log in again. Both work at most as long as the overlap, counted from 3.
 */
import {
  formatSessionToken,
  hashSecret,
  newSessionSecret,
  type RefusalReason,
  ROTATION_WITHIN_MS,
  type SecretHash,
  type SessionId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'

import type { SubjectFacts } from '../log/facts.ts'
import { isOperator } from '../log/permissions.ts'
import type { FactLog } from '../log/ports.ts'
import { requireRoom } from '../log/require-lease.ts'
import { sessionRotated } from '../log/session-entries.ts'
import { Unavailable } from '../log/unavailable.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'
import type { SessionReports } from './ports.ts'
import type { RotationCommit, RotationStep, RotationStore } from './ports.ts'
import { limitsFor, type SessionLimits } from './session-limits.ts'
import type { Renewal, SessionRecord } from './session-record.ts'

export interface RotationRequest {
  readonly session: SessionId
  readonly tenant: TenantId
  readonly user: UserId
  readonly secretHash: SecretHash
  readonly authentication?: { readonly acr: string; readonly amr: readonly string[] } | undefined
  readonly actor: string
  readonly reason: string
}

export interface RotationSettings {
  readonly limits: SessionLimits
  readonly overlapMs: number
}

export interface RotationPorts extends LookUpPorts {
  readonly rotations: RotationStore
  readonly reports: SessionReports
}

export type Rotation =
  | {
      readonly outcome: 'rotated'
      readonly token: string
      readonly session: SessionRecord
      readonly subject: SubjectFacts
    }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason }
  | { readonly outcome: 'superseded' }

type Found = { readonly session: SessionRecord; readonly subject: SubjectFacts }

const APPLIED_WITHIN_MS = 3_000
/** A step whose answer was lost is asked for again: it answers the same. */
const COMMIT_ATTEMPTS = 3

export async function rotateSession(
  ports: RotationPorts,
  request: RotationRequest,
  settings: RotationSettings,
): Promise<Rotation> {
  const found = await findOwn(ports, request)
  if ('outcome' in found) return found
  const { id, secretHash } = found.session
  if (secretHash !== request.secretHash) return { outcome: 'superseded' }
  const isForOperator = isOperator(request.tenant, found.subject.grants, ports.view.wide)
  requireRoom(ports.log, isForOperator ? 'operators' : 'rotations')

  const secret = newSessionSecret()
  const next = hashSecret(secret)
  const pending = { secretHash: next, begunAtMs: ports.clock.nowMs() }
  const begun = await ports.rotations.begin(id, secretHash, pending)
  if (begun !== 'done') return stopped(begun)
  const change = await changeSecret(ports, { request, settings, found, next })
  if (change.step !== 'done') return stopped(change.step)
  return {
    outcome: 'rotated',
    token: formatSessionToken(id, secret),
    session: change.session,
    subject: found.subject,
  }
}

async function findOwn(ports: RotationPorts, request: RotationRequest): Promise<Found | Rotation> {
  const [found] = (await lookUp(ports, [request.session])).sessions
  if (found === undefined || found.verdict === 'unknown') return { outcome: 'refused', reason: 'unknown' }
  // Of other people's sessions it says what it says of none.
  const { tenant, user } = found.session
  if (tenant !== request.tenant || user !== request.user) return { outcome: 'refused', reason: 'unknown' }
  return found.verdict === 'live' ? found : { outcome: 'refused', reason: found.verdict }
}

function stopped(step: Exclude<RotationStep, 'done'>): Rotation {
  return step === 'superseded' ? { outcome: 'superseded' } : { outcome: 'refused', reason: 'revoked' }
}

interface Change {
  readonly request: RotationRequest
  readonly settings: RotationSettings
  readonly found: Found
  readonly next: SecretHash
}

/** Steps 2 and 3. */
async function changeSecret(
  ports: RotationPorts,
  { request, settings, found: { session }, next }: Change,
): Promise<{ readonly step: RotationStep; readonly session: SessionRecord }> {
  try {
    await tellEveryone(ports, request)
    const nowMs = ports.clock.nowMs()
    const renewal = renewalOf(request, settings, nowMs)
    const renewed = renewal && { ...session, ...renewal }
    // The lists first, as at creation: what lives longer than a list says would be in none.
    if (renewed !== undefined) await ports.sessions.relist(renewed)
    const endsMs = nowMs + settings.overlapMs
    const change: RotationCommit = {
      next,
      current: session.secretHash,
      overlapEndsMs: endsMs,
      relayOverlapEndsMs: endsMs,
      renewed,
    }
    const step = await commit(ports.rotations, session.id, change)
    return { step, session: { ...session, ...renewed, secretHash: next } }
  } catch (error) {
    // Only so that the session may be remembered again at once. A secret that is in place by now stays there.
    await ports.rotations.withdraw(session.id, next).catch(() => false)
    throw error
  }
}

async function tellEveryone({ log, clock }: RotationPorts, request: RotationRequest): Promise<void> {
  const entry = {
    ...sessionRotated(request.session, clock.nowMs()),
    actor: request.actor,
    reason: request.reason,
    ackTo: log.replica,
  }
  const published = await log.publish(entry)
  if (published.kind !== 'stored') throw new Unavailable('rotation-unconfirmed')
  if (!(await log.waitFor(published.position, APPLIED_WITHIN_MS)))
    throw new Unavailable('rotation-unconfirmed')
  const confirmation = await log.confirm(published.position, { withinMs: ROTATION_WITHIN_MS })
  if (confirmation === undefined) throw new Unavailable('rotation-unconfirmed')
}

/** Verifiers forget the session and ask again; nobody is waited for. */
export async function askAgain(log: FactLog, session: SessionId, nowMs: number): Promise<void> {
  await log.publish(sessionRotated(session, nowMs))
}

function renewalOf(
  { authentication }: RotationRequest,
  { limits }: RotationSettings,
  nowMs: number,
): Renewal | undefined {
  if (authentication === undefined) return undefined
  const { idleTimeoutMs, absoluteTimeoutMs } = limitsFor(limits, authentication.acr)
  return {
    ...authentication,
    authTimeMs: nowMs,
    lastSeenMs: nowMs,
    idleTimeoutMs,
    expiresAtMs: nowMs + absoluteTimeoutMs,
  }
}

async function commit(
  rotations: RotationStore,
  id: SessionId,
  change: RotationCommit,
): Promise<RotationStep> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rotations.commit(id, change)
    } catch (error) {
      if (attempt === COMMIT_ATTEMPTS) throw error
    }
  }
}
