/** ④ `GET /v1/limits`: how long sessions live, and how many a user may have, as it is in force at this replica. */
import { type CurfewServer, described } from '@curfew/service-kit'

import type { Settings } from '../../config.ts'
import { READ } from '../../domain/log/permissions.ts'
import { limitsFor } from '../../domain/sessions/session-limits.ts'
import { LimitsShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const LEVELS = ['aal1', 'aal2', 'aal3'] as const

export function getLimits(app: CurfewServer, settings: Settings, guard: OperatorGuard): void {
  const { limits, maxPerUser, overlapMs, recentAuthenticationMs } = settings
  const levels = LEVELS.map((level) => {
    const { idleTimeoutMs, absoluteTimeoutMs } = limitsFor(limits, level)
    return [
      level,
      {
        idle_timeout_seconds: idleTimeoutMs / 1_000,
        absolute_timeout_seconds: absoluteTimeoutMs / 1_000,
      },
    ] as const
  })
  const answer = {
    levels: Object.fromEntries(levels),
    max_sessions_per_user: maxPerUser,
    rotation_overlap_seconds: overlapMs / 1_000,
    recent_authentication_seconds: recentAuthenticationMs / 1_000,
  }
  const schema = described({ summary: 'How long sessions live', answers: { 200: LimitsShape } })
  app.get('/v1/limits', { schema, onRequest: guard.requires(READ) }, () => answer)
}
