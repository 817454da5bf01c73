/**
 * ① ④ What a person may see and end: their own sessions.
 * Promise: another's session and one that does not exist are told apart by nobody, not even by what is done about them.
 */
import { subjectKey, type EffectState, type SessionId, type Subject } from '@curfew/contracts'

import { isoTime } from '../iso-time.ts'
import type { RevocationHistory } from '../ports.ts'
import { endSession, type EndPorts } from './end-session.ts'
import { listSessions, type ListedSession } from './list-sessions.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'
import { newRevocationId } from './revocation.ts'
import { revoke, type RevokeOutcome } from './revoke.ts'
import { effectText } from './security-events.ts'

export interface OwnSessionsPorts extends LookUpPorts, EndPorts {
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

/** Undefined for a session that is not the user's, or of which nothing is known any more. */
export async function endOwnSession(
  ports: OwnSessionsPorts,
  { tenant, user, actor, reason, session }: OwnEnding & { readonly session: SessionId },
): Promise<EffectState | undefined> {
  const [found] = (await lookUp(ports, [session])).sessions
  if (found === undefined || found.verdict === 'unknown') return undefined
  if (found.session.tenant !== tenant || found.session.user !== user) return undefined
  return endSession(ports, { session, actor, reason })
}

/** Undefined when the session that was to be spared is over, or not the user's. */
export async function endOtherSessions(
  ports: OwnSessionsPorts,
  {
    tenant,
    user,
    actor,
    reason,
    except,
    requestId,
  }: OwnEnding & {
    readonly except: SessionId
    readonly requestId: string
  },
): Promise<EffectState | undefined> {
  const entry = {
    v: 1,
    id: newRevocationId(),
    type: 'revoked',
    at: isoTime(ports.clock.nowMs()),
    actor,
    reason,
    scope: { type: 'user', tenant, user },
    except: [except],
  } as const
  const own = subjectKey(tenant, user)
  const recheck = async (id: SessionId) => {
    const [found] = (await lookUp(ports, [id])).sessions
    if (found?.verdict !== 'live') return undefined
    return subjectKey(found.session.tenant, found.session.user) === own ? found : undefined
  }
  const outcome = await revoke({ ...ports, recheck }, { ...entry, except: [except] })
  // The id is new, so it stands for nothing else.
  if (outcome.kind === 'spared-is-over' || outcome.kind === 'reused') return undefined
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
