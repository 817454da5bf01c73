/**
 * ④ `GET /v1/statistics`: what is going on in numbers, of all replicas together.
 * Promise: an operator of one tenant is told that tenant's numbers; whoever asks often costs no more than who asks seldom.
 */
import { isoTime, type TenantId } from '@curfew/contracts'
import { type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { minuteOf, type ActivityCounter } from '../../domain/audit/activity.ts'
import { READ } from '../../domain/log/permissions.ts'
import type { Affected } from '../../domain/revocations/affected.ts'
import { countAffected } from '../../domain/revocations/count-affected.ts'
import type { LookUpPorts } from '../../domain/sessions/look-up.ts'
import { limitsJson } from '../shared/count-json.ts'
import { StatisticsShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const QuerySchema = Type.Object(
  { minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_440, description: '60 without it' })) },
  { additionalProperties: false },
)

const MINUTES = 60
/** Counting may mean reading, and several operators may look at the same time. */
const COUNT_KEPT_MS = 2_000
const COUNT_WITHIN_MS = 50

export interface StatisticsPorts extends LookUpPorts {
  readonly activity: ActivityCounter
}

export function getStatistics(app: CurfewServer, ports: StatisticsPorts, guard: OperatorGuard): void {
  const schema = {
    querystring: QuerySchema,
    ...described({ summary: 'What is going on, minute by minute', answers: { 200: StatisticsShape } }),
  }
  const countLive = countingLive(ports)
  // A picture that refreshes itself keeps nobody's idle session alive.
  const onRequest = guard.requires(READ, { isActivity: false })
  app.get('/v1/statistics', { schema, onRequest }, async (request) => {
    const { minutes = MINUTES } = request.query
    const operator = guard.operatorOf(request)
    const tenant = operator.isAdministrative ? undefined : operator.tenant
    const nowMs = ports.clock.nowMs()
    const last = minuteOf(nowMs)
    const first = last - minutes + 1
    const read = () => Promise.all([countLive(tenant), ports.activity.read(first, last, tenant)])
    // The dashboard, which asks for an hour every few seconds, does not wait behind searches.
    const [live, counts] = await (minutes > MINUTES ? guard.heavyRead(request, read) : read())
    return {
      at: isoTime(nowMs),
      sessions: { live: live.count, ...limitsJson(live) },
      series: counts.map((each, index) => ({ at: isoTime((first + index) * 60_000), ...each })),
    }
  })
}

/** One count for everybody who asks within a moment. */
function countingLive(ports: StatisticsPorts): (tenant: TenantId | undefined) => Promise<Affected> {
  const counts = new Map<TenantId | undefined, { readonly atMs: number; readonly count: Promise<Affected> }>()
  return (tenant) => {
    const nowMs = ports.clock.nowMs()
    for (const [of, { atMs }] of counts) if (Math.abs(nowMs - atMs) > COUNT_KEPT_MS) counts.delete(of)
    const known = counts.get(tenant)
    if (known !== undefined) return known.count
    const scope = tenant === undefined ? ({ type: 'global' } as const) : ({ type: 'tenant', tenant } as const)
    const lateMs = nowMs + COUNT_WITHIN_MS
    const count = countAffected(ports, scope, { isLate: () => ports.clock.nowMs() > lateMs })
    count.catch(() => counts.delete(tenant))
    counts.set(tenant, { atMs: nowMs, count })
    return count
  }
}
