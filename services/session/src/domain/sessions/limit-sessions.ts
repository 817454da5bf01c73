/**
 * ④ ⑤ Sees to it that a user has no more than so many sessions at once in each group: the oldest ones of the group go. The sessions that
 * a registered client has begun are a group, and those that the gateway has begun are one.
 * Promise: exact, whatever logins run at the same time at whichever replica; sessions that are over do not count, and no client's
 * sessions end those of another group. Only while the log has no room for their ends, operators, who may still log in, keep their
 * oldest ones: the next login ends them.
 *
 * Every login counts its session after it exists, in an order that one script in Redis decides, and then looks at all that
 * were counted by then. A session beyond the newest stays beyond them when more are counted: so the last login would end each session
 * that any other login ends, and the last one sees them all.
 */
import { type SessionId, subjectKey } from '@curfew/contracts'

import { recordFact, type RecordPorts } from '../log/record-fact.ts'
import { SESSION_LIMIT, logoutId, sessionEnded } from '../log/session-entries.ts'
import { Unavailable } from '../log/unavailable.ts'
import { lookUp, type LookedUp, type LookUpPorts } from './look-up.ts'
import type { SessionReports } from './ports.ts'
import { groupOf, type SessionRecord } from './session-record.ts'

export interface LimitPorts extends LookUpPorts, RecordPorts {
  /** Ends under way at this replica: logins at the same time find the same sessions to be the oldest. */
  readonly ending: Map<SessionId, Promise<void>>
  readonly reports: SessionReports
}

const AT_ONCE = 256
const OVER: ReadonlySet<LookedUp['verdict']> = new Set(['unknown', 'revoked'])
/** Recorded is enough: a verifier that has crashed must not hold up a login. */
const CONFIRM_WITHIN_MS = 1_500

/** @throws Unavailable when it is not known that the log has the end of one that had to go. */
export async function limitSessions(ports: LimitPorts, created: SessionRecord, max: number): Promise<void> {
  const listed = await ports.sessions.enrol(created, max)
  if (listed.length <= max) return
  const subject = subjectKey(created.tenant, created.user)
  const live: SessionId[] = []
  for (const logins of batchesOf(listed)) {
    const ids = logins.map(({ session }) => session)
    const { sessions } = await lookUp(ports, ids)
    // A login without a place gets one behind all of these, and looks at them again.
    for (const [index, { session, login }] of logins.entries()) {
      const found = sessions[index]
      if (login > 0 && found?.verdict === 'live' && groupOf(found.session) === groupOf(created))
        live.push(session)
    }
    // A suspension may be lifted, and that a limit has been reached is told by somebody else (expire-sessions.ts).
    const over = logins.filter((_, index) => OVER.has(sessions[index]?.verdict ?? 'unknown'))
    if (over.length > 0) await ports.sessions.strike(subject, over)
  }
  const oldest = live.slice(0, Math.max(0, live.length - max))
  if (oldest.length === 0 || !ports.log.hasRoomFor('ends')) return
  for (const ids of batchesOf(oldest)) await Promise.all(ids.map((id) => end(ports, id)))
  const { id: sessionId, client } = created
  ports.reports.sessionLimitExceeded({ sessionId, subject, client, max, ended: oldest })
}

function end(ports: LimitPorts, session: SessionId): Promise<void> {
  const underWay = ports.ending.get(session)
  if (underWay !== undefined) return underWay
  const ending = sayEnded(ports, session).finally(() => ports.ending.delete(session))
  ports.ending.set(session, ending)
  return ending
}

async function sayEnded(ports: LimitPorts, session: SessionId): Promise<void> {
  // The same fact as a logout, whichever comes first.
  const id = logoutId(session)
  const entry = sessionEnded({ id, session, reason: SESSION_LIMIT, atMs: ports.clock.nowMs() })
  const { kind } = await recordFact(ports, entry, { confirmWithinMs: CONFIRM_WITHIN_MS })
  if (kind === 'unknown' || kind === 'conflict') throw new Unavailable('log-not-followed')
}

function batchesOf<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / AT_ONCE)
  return Array.from({ length: count }, (_, index) => all.slice(index * AT_ONCE, (index + 1) * AT_ONCE))
}
