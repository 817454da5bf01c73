/**
 * ④ Activity a minute in Redis, one hash for each minute, counted by all replicas together.
 * Promise: what is counted is in Redis a moment later and gone after a day; while Redis is away it is added up here.
 */
import type { SecurityEvent, TenantId } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import {
  ACTIVITIES,
  activityOf,
  minuteOf,
  type Activity,
  type ActivityCounter,
  type ActivityCounts,
} from '../../domain/audit/activity.ts'
import type { Clock } from '../../domain/log/ports.ts'
import { KEYS } from './redis-keys.ts'
import { repliesOf } from './redis-replies.ts'

const WRITE_AFTER_MS = 500
const RETRY_AFTER_MS = 2_000
const KEPT_SECONDS = 25 * 3_600
/** Of tenants and minutes; a tenant that was never heard of costs a field only for a day. */
const UNWRITTEN_MAX = 10_000
/** Other requests get their turn between two of these reads. */
const MINUTES_AT_ONCE = 60

export class RedisActivity implements ActivityCounter {
  readonly #redis: Redis
  readonly #clock: Clock
  #unwritten = new Map<string, { readonly minute: number; readonly field: string; count: number }>()
  /** Never rejects. */
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis
    this.#clock = clock
  }

  note(event: SecurityEvent): void {
    const activity = activityOf(event)
    if (activity === undefined) return
    const minute = minuteOf(this.#clock.nowMs())
    const { tenant, count = 1 } = event
    this.#add(minute, activity, count)
    if (tenant !== undefined) this.#add(minute, fieldOf(activity, tenant), count)
    this.#schedule(WRITE_AFTER_MS)
  }

  async read(from: number, to: number, tenant: TenantId | undefined): Promise<ActivityCounts[]> {
    const fields = ACTIVITIES.map((activity) => fieldOf(activity, tenant))
    const counts: ActivityCounts[] = []
    for (let first = from; first <= to; first += MINUTES_AT_ONCE) {
      const pipeline = this.#redis.pipeline()
      const last = Math.min(to, first + MINUTES_AT_ONCE - 1)
      for (let minute = first; minute <= last; minute += 1) pipeline.hmget(KEYS.activity(minute), ...fields)
      for (const reply of await repliesOf(pipeline)) counts.push(countsFrom(reply as (string | null)[]))
    }
    return counts
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
  }

  #add(minute: number, field: string, count: number): void {
    const key = `${minute} ${field}`
    const known = this.#unwritten.get(key)
    if (known !== undefined) known.count += count
    else if (this.#unwritten.size < UNWRITTEN_MAX) this.#unwritten.set(key, { minute, field, count })
  }

  async #write(): Promise<void> {
    this.#timer = undefined
    const counts = [...this.#unwritten.values()]
    this.#unwritten = new Map()
    if (counts.length === 0) return
    const pipeline = this.#redis.pipeline()
    for (const { minute, field, count } of counts) pipeline.hincrby(KEYS.activity(minute), field, count)
    for (const minute of new Set(counts.map((each) => each.minute)))
      pipeline.expire(KEYS.activity(minute), KEPT_SECONDS)
    try {
      await repliesOf(pipeline)
    } catch {
      // Whether it was written is not known; rather twice in a picture than never.
      for (const { minute, field, count } of counts) this.#add(minute, field, count)
      this.#schedule(RETRY_AFTER_MS)
    }
  }

  #schedule(afterMs: number): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#writing = this.#write()
    }, afterMs)
  }
}

/** Names hold no space. */
function fieldOf(activity: Activity, tenant: TenantId | undefined): string {
  return tenant === undefined ? activity : `${activity} ${tenant}`
}

function countsFrom(reply: readonly (string | null)[]): ActivityCounts {
  const counts = ACTIVITIES.map((activity, index) => [activity, Number(reply[index] ?? 0)] as const)
  return Object.fromEntries(counts) as ActivityCounts
}
