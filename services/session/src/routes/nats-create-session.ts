/** ① ④ `curfew.sessions.create`: the gateway has authenticated somebody. The token is in this answer and nowhere else. */
import { CREATE_SESSION, SUBJECTS } from '@curfew/contracts'
import type { Static } from 'typebox'

import { createSession, type SessionLimits } from '../domain/create-session.ts'
import type { LookUpPorts } from '../domain/look-up.ts'
import type { Reports } from '../ports.ts'
import type { Answers } from './answers.ts'
import { sessionInfo } from './session-json.ts'

type Answer = Static<typeof CREATE_SESSION.answer>

export interface CreatePorts extends LookUpPorts {
  readonly reports: Reports
}

export function answerCreateSession(answers: Answers, ports: CreatePorts, limits: SessionLimits): void {
  answers.to(CREATE_SESSION, SUBJECTS.createSession, async (request): Promise<Answer> => {
    const creation = await createSession(ports, request, limits)
    if (creation.outcome === 'refused') {
      ports.reports.sessionRefused({ client: request.client, reason: creation.reason })
      return creation
    }
    ports.reports.sessionCreated(creation.session)
    return { outcome: 'created', token: creation.token, session: sessionInfo(creation, ports.view.wide) }
  })
}
