import { type EffectState, type SessionId, type Subject, entryHead } from '@curfew/contracts'

import { effectText } from '../operators/change-text.ts'
import { endSession, type EndPorts } from '../sessions/end-session.ts'
import { listSessions, type ListedSession } from '../sessions/list-sessions.ts'
import { lookUp, type LookUpPorts } from '../sessions/look-up.ts'
/**
 * ① ④ What a person may see and end: their own sessions.
 * Promise: another's session and one that does not exist are told apart by nobody, not even by what is done about them; the
 * sessions that a registered client has begun end none that others have begun.
 */
import type { SessionReports } from '../sessions/ports.ts'
import { groupOf } from '../sessions/session-record.ts'
import type { RevocationReports } from './ports.ts'
import type { RevocationHistory } from './ports.ts'
import { newRevocationId } from './revocation.ts'
import { revoke, type RevokeOutcome } from './revoke.ts'

export interface OwnSessionsPorts extends LookUpPorts, EndPorts {
  readonly reports: SessionReports & RevocationReports
  readonly log: LookUpPorts['log']
  readonly clock: LookUpPorts['clock']
  readonly history: RevocationHistory
}

export interface OwnEnding extends Subject {
  readonly actor: string
  readonly reason: string
}

/** Pages of 256: whoever has more sessions than this is shown the newest of some of them. */
const MAX_PAGES = 8

/** The live ones, newest first. */
export async function listOwnSessions(
  ports: LookUpPorts,
  { tenant, user }: Subject,
  limit: number,
): Promise<ListedSession[]> {
  const found = new Map<SessionId, ListedSession>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const { sessions, next } = await listSessions(ports, { tenant, user }, { cursor })
    for (const listed of sessions) found.set(listed.session.id, listed)
    if (next === undefined) break
    cursor = next
  }
  return [...found.values()].toSorted((a, b) => b.session.createdAtMs - a.session.createdAtMs).slice(0, limit)
}

/** The session that asks is over, or not the user's; or a registered client has begun it, and not those that it would end. */
export type EndRefusal = 'refused' | 'not-allowed'

/** `unknown-session`: it is not the user's, or nothing is known of it any more. */
export async function endOwnSession(
  ports: OwnSessionsPorts,
  ending: OwnEnding & { readonly session: SessionId; readonly by: SessionId },
): Promise<EffectState | EndRefusal | 'unknown-session'> {
  const { actor, reason, session, by } = ending
  const [found, asking] = (await lookUp(ports, [session, by])).sessions
  if (found === undefined || found.verdict === 'unknown' || !isOf(ending, found)) return 'unknown-session'
  if (session !== by) {
    if (asking?.verdict !== 'live' || !isOf(ending, asking)) return 'refused'
    const group = groupOf(asking.session)
    if (group !== undefined && group !== groupOf(found.session)) return 'not-allowed'
  }
  return endSession(ports, { session, actor, reason })
}

function isOf(subject: Subject, { session: { tenant, user } }: { readonly session: Subject }): boolean {
  return tenant === subject.tenant && user === subject.user
}

export async function endOtherSessions(
  ports: OwnSessionsPorts,
  ending: OwnEnding & {
    readonly except: SessionId
    readonly isProven?: boolean
    readonly requestId: string
  },
): Promise<EffectState | EndRefusal> {
  const { tenant, user, actor, reason, except, requestId } = ending
  const recheck = async (id: SessionId) => {
    const [found] = (await lookUp(ports, [id])).sessions
    return found?.verdict === 'live' && isOf(ending, found) ? found : undefined
  }
  const asking = await recheck(except)
  if (asking === undefined) return 'refused'
  if (groupOf(asking.session) !== undefined && ending.isProven !== true) return 'not-allowed'
  const entry = {
    ...entryHead(newRevocationId(), ports.clock.nowMs(), actor),
    type: 'revoked',
    reason,
    scope: { type: 'user', tenant, user },
    except: [except],
  } as const
  const outcome = await revoke({ ...ports, recheck }, { ...entry, except: [except] })
  // The id is new, so it stands for nothing else.
  if (outcome.kind === 'spared-is-over' || outcome.kind === 'reused') return 'refused'
  ports.reports.revocationRecorded({
    revocation: {
      ...entry,
      position: outcome.kind === 'unknown' ? null : outcome.revocation.position,
    },
    state: outcome.kind,
    isProjected: outcome.kind !== 'unknown' && outcome.isProjected,
    requestId,
    effect: effectText(effectOf(outcome)),
  })
  return outcome.kind
}

function effectOf(outcome: RevokeOutcome): Parameters<typeof effectText>[0] {
  if (outcome.kind !== 'confirmed') return { state: outcome.kind }
  return { state: outcome.kind, verifiers: outcome.confirmation.verifiers }
}
