/** ① ④ `curfew.sessions.create`: the gateway has authenticated somebody. The token is in this answer and nowhere else. */
import { CREATE_SESSION, SUBJECTS } from '@curfew/contracts'
import type { Static } from 'typebox'

import { createSession, type CreationSettings } from '../../domain/sessions/create-session.ts'
import type { LimitPorts } from '../../domain/sessions/limit-sessions.ts'
import { sessionInfo } from '../shared/session-json.ts'
import type { Answers } from './answers.ts'

type Answer = Static<typeof CREATE_SESSION.answer>

export function answerCreateSession(answers: Answers, ports: LimitPorts, settings: CreationSettings): void {
  answers.to(CREATE_SESSION, SUBJECTS.createSession, async (request): Promise<Answer> => {
    const creation = await createSession(ports, request, settings)
    if (creation.outcome === 'refused') {
      const { client, tenant, user } = request
      ports.reports.sessionRefused({ client, reason: creation.reason, tenant, user })
      return creation
    }
    ports.reports.sessionCreated(creation.session)
    return { outcome: 'created', token: creation.token, session: sessionInfo(creation, ports.view.wide) }
  })
}
