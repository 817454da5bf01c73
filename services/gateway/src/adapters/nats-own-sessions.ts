/**
 * ① ④ What people do with their own sessions: asks the session service over NATS.
 * Promise: whose session it is goes along with every question, so that the authority can refuse what belongs to others.
 */
import { END_OWN_SESSION, LIST_SESSIONS, SUBJECTS, subjectKey } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import type { OwnSessions } from '../ports.ts'

const LIST_TIMEOUT_MS = 3_000
/** Longer than the authority waits until every verifier has heard of it: its answer is worth waiting for. */
const CHANGE_TIMEOUT_MS = 7_000

export function createOwnSessions(nc: NatsConnection): OwnSessions {
  const options = { timeoutMs: CHANGE_TIMEOUT_MS }
  return {
    async list({ tenant, user }) {
      const listOptions = { timeoutMs: LIST_TIMEOUT_MS }
      return (await ask(nc, LIST_SESSIONS, SUBJECTS.listSessions, { tenant, user }, listOptions)).sessions
    },
    async end({ tenant, user, session: by }, session) {
      const question = {
        tenant,
        user,
        session,
        by,
        actor: subjectKey(tenant, user),
        reason: 'ended by its owner',
      }
      const answer = await ask(nc, END_OWN_SESSION, SUBJECTS.endOwnSession, question, options)
      switch (answer.outcome) {
        case 'ended':
          return answer.state
        case 'unknown':
          return 'unknown-session'
        case 'refused':
          return 'over'
        case 'not-allowed':
          return answer.outcome
      }
    },
  }
}
