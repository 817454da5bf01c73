/**
 * ④ Revocations that wait for a second operator, in Redis: whichever replica is asked knows of them.
 * Promise: one decision each, made in one step; it goes away by itself.
 */
import type { Position, SessionId } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { Approval, ApprovalPage, ApprovalStore, Decision } from '../domain/approvals.ts'
import { KEYS } from './redis-keys.ts'
import { repliesOf } from './redis-replies.ts'

const PAGE_SIZE = 50
const FIELDS = ['entry', 'session', 'state', 'by', 'expires', 'on'] as const

/** KEYS approval; ARGV entry, the session that asks, when it expires, on top of what. */
const ADD = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'entry', ARGV[1], 'session', ARGV[2], 'state', 'pending', 'by', '', 'expires', ARGV[3], 'on', ARGV[4])
return redis.call('PEXPIREAT', KEYS[1], ARGV[3])`

/** KEYS approval; ARGV decision, by whom. */
const DECIDE = `
if redis.call('HGET', KEYS[1], 'state') == 'pending' then
  redis.call('HSET', KEYS[1], 'state', ARGV[1], 'by', ARGV[2])
end
return redis.call('HMGET', KEYS[1], ${FIELDS.map((field) => `'${field}'`).join(', ')})`

export class RedisApprovals implements ApprovalStore {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async add({ entry, session, expiresAtMs, onTopOf }: Approval): Promise<void> {
    // The list first: an entry in it without a record does no harm.
    await this.#redis.zadd(KEYS.approvals, expiresAtMs, entry.id)
    const fields = [JSON.stringify(entry), session, expiresAtMs, onTopOf ?? '']
    await this.#redis.eval(ADD, 1, KEYS.approval(entry.id), ...fields)
  }

  async find(id: string): Promise<Approval | undefined> {
    return approvalFrom(await this.#redis.hmget(KEYS.approval(id), ...FIELDS))
  }

  async decide(id: string, decision: Decision, by: string): Promise<Approval | undefined> {
    const approval = approvalFrom(await this.#redis.eval(DECIDE, 1, KEYS.approval(id), decision, by))
    await this.#redis.zrem(KEYS.approvals, id)
    return approval
  }

  async page(after: string | undefined, nowMs: number): Promise<ApprovalPage> {
    await this.#redis.zremrangebyscore(KEYS.approvals, '-inf', nowMs)
    const from = after === undefined ? '-inf' : `(${after}`
    const found = await this.#redis.zrangebyscore(
      KEYS.approvals,
      from,
      '+inf',
      'WITHSCORES',
      'LIMIT',
      0,
      PAGE_SIZE,
    )
    const ids = found.filter((_, index) => index % 2 === 0)
    if (ids.length === 0) return { approvals: [], next: undefined }
    const pipeline = this.#redis.pipeline()
    for (const id of ids) pipeline.hmget(KEYS.approval(id), ...FIELDS)
    const approvals = (await repliesOf(pipeline)).flatMap((reply) => approvalFrom(reply) ?? [])
    const waiting = approvals.filter(({ state }) => state === 'pending')
    return { approvals: waiting, next: ids.length < PAGE_SIZE ? undefined : found.at(-1) }
  }
}

/** @param reply of HMGET with FIELDS. */
function approvalFrom(reply: unknown): Approval | undefined {
  const [entry, session, state, by, expires, on] = reply as (string | null)[]
  if (!entry || !session || !state || !expires) return undefined
  return {
    entry: JSON.parse(entry) as Approval['entry'],
    session: session as SessionId,
    ...(on && { onTopOf: on as Position }),
    state: state as Approval['state'],
    decidedBy: by || undefined,
    expiresAtMs: Number(expires),
  }
}
