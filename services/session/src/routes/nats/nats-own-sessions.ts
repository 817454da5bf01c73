/**
 * ① ④ `curfew.sessions.list`, `.end-own`, `.end-others`: self-service, asked by the gateway for the person it has before it.
 * Promise: a list fits into one message however much its owner may do.
 */
import {
  currentRequestId,
  type EffectState,
  END_OTHER_SESSIONS,
  END_OWN_SESSION,
  isoTime,
  LIST_SESSIONS,
  type ListedSession,
  MAX_ANSWER_BYTES,
  SUBJECTS,
} from '@curfew/contracts'
import type { Static } from 'typebox'

import { jsonBytes } from '../../domain/log/permission-bounds.ts'
import {
  endOtherSessions,
  endOwnSession,
  listOwnSessions,
  type EndRefusal,
  type OwnSessionsPorts,
} from '../../domain/revocations/own-sessions.ts'
import { sessionInfo } from '../shared/session-json.ts'
import type { Answers } from './answers.ts'

const MAX_LISTED = 100

export function answerOwnSessions(answers: Answers, ports: OwnSessionsPorts): void {
  answers.to(LIST_SESSIONS, SUBJECTS.listSessions, async (subject) => {
    const listed = await listOwnSessions(ports, subject, MAX_LISTED)
    const sessions = listed.map((each): ListedSession => {
      const { lastSeenMs, addressClass } = each.session
      const info = { ...sessionInfo(each, ports.view.wide), lastSeenAt: isoTime(lastSeenMs) }
      return addressClass === undefined ? info : { ...info, addressClass }
    })
    return { sessions: sessions.slice(0, fitting(sessions)) }
  })
  answers.to(
    END_OWN_SESSION,
    SUBJECTS.endOwnSession,
    async (ending): Promise<Static<typeof END_OWN_SESSION.answer>> => {
      const result = await endOwnSession(ports, ending)
      return result === 'unknown-session' ? { outcome: 'unknown' } : endedOrRefused(result)
    },
  )
  answers.to(
    END_OTHER_SESSIONS,
    SUBJECTS.endOtherSessions,
    async (ending): Promise<Static<typeof END_OTHER_SESSIONS.answer>> => {
      const requestId = currentRequestId() ?? 'unknown'
      return endedOrRefused(await endOtherSessions(ports, { ...ending, requestId }))
    },
  )
}

function endedOrRefused(result: EffectState | EndRefusal): Static<typeof END_OTHER_SESSIONS.answer> {
  const isRefused = result === 'refused' || result === 'not-allowed'
  return isRefused ? { outcome: result } : { outcome: 'ended', state: result }
}

/** Sessions of one user say the same about roles and permissions, which is most of what they say. */
function fitting([newest]: readonly ListedSession[]): number {
  return newest === undefined ? 0 : Math.floor(MAX_ANSWER_BYTES / jsonBytes(newest))
}
