/** ① ④ `curfew.sessions.rotate`: another secret for a session. The token is in this answer and nowhere else. */
import { ROTATE_SESSION, SUBJECTS, type SecretHash } from '@curfew/contracts'
import type { Static } from 'typebox'

import { Unavailable } from '../../domain/log/unavailable.ts'
import {
  rotateSession,
  type RotationPorts,
  type RotationSettings,
} from '../../domain/sessions/rotate-session.ts'
import { sessionInfo } from '../shared/session-json.ts'
import type { Answers } from './answers.ts'

type Answer = Static<typeof ROTATE_SESSION.answer>

export function answerRotateSession(
  answers: Answers,
  ports: RotationPorts,
  settings: RotationSettings,
): void {
  answers.to(ROTATE_SESSION, SUBJECTS.rotateSession, async (request): Promise<Answer> => {
    const rotation = await rotateSession(
      ports,
      { ...request, secretHash: request.secretHash as SecretHash },
      settings,
    ).catch(withoutRoom)
    const { session: sessionId, actor, authentication } = request
    if (rotation.outcome !== 'rotated') {
      const reason = rotation.outcome === 'refused' ? rotation.reason : rotation.outcome
      ports.reports.rotationRefused({ sessionId, reason })
      return rotation
    }
    const { acr } = rotation.session
    ports.reports.sessionRotated({ sessionId, actor, acr, isRenewed: authentication !== undefined })
    return { outcome: 'rotated', token: rotation.token, session: sessionInfo(rotation, ports.view.wide) }
  })
}

/** Nothing was recorded, which the asker is to know from an outcome that is not known. */
function withoutRoom(error: unknown): { readonly outcome: 'no-room' } {
  if (error instanceof Unavailable && error.reason === 'log-full') return { outcome: 'no-room' }
  throw error
}
