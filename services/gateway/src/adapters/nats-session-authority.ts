/**
 * ① ④ Beginning and ending sessions: asks the session service over NATS.
 * Promise: what it cannot get an answer to rejects, with the code that says what is certain.
 */
import {
  CREATE_SESSION,
  END_OTHER_SESSIONS,
  END_SESSION,
  PREPARE_SESSION,
  ROTATE_SESSION,
  SUBJECTS,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import type { SessionAuthority } from '../ports.ts'

const PREPARE_TIMEOUT_MS = 2_000
const CREATE_TIMEOUT_MS = 3_000
/** Longer than the authority goes on trying to write the end into the log: its answer is worth waiting for. */
const END_TIMEOUT_MS = 7_000
/** A token is handed out when every verifier knows it: the authority waits for that for up to ten seconds. */
const ROTATE_TIMEOUT_MS = 12_000

export function createSessionAuthority(nc: NatsConnection): SessionAuthority {
  return {
    async prepare() {
      const options = { timeoutMs: PREPARE_TIMEOUT_MS }
      return (await ask(nc, PREPARE_SESSION, SUBJECTS.prepareSession, {}, options)).birth
    },
    create: (session) =>
      ask(nc, CREATE_SESSION, SUBJECTS.createSession, session, { timeoutMs: CREATE_TIMEOUT_MS }),
    async end(session, actor, reason) {
      const question = { session, actor, reason }
      return (await ask(nc, END_SESSION, SUBJECTS.endSession, question, { timeoutMs: END_TIMEOUT_MS })).state
    },
    rotate: (rotation) =>
      ask(nc, ROTATE_SESSION, SUBJECTS.rotateSession, { ...rotation }, { timeoutMs: ROTATE_TIMEOUT_MS }),
    async endOthers(others) {
      const options = { timeoutMs: END_TIMEOUT_MS }
      const answer = await ask(nc, END_OTHER_SESSIONS, SUBJECTS.endOtherSessions, others, options)
      if (answer.outcome === 'ended') return answer.state
      return answer.outcome === 'refused' ? 'over' : answer.outcome
    },
  }
}
