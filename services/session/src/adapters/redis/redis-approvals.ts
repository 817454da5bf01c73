/**
 * ④ Revocations that wait for a second operator, in Redis: whichever replica is asked knows of them.
 * Promise: one decision each, made in one step; it goes away by itself.
 */
import type { Position, SessionId } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import {
  MAX_PENDING_PER_OPERATOR,
  MAX_PENDING_PER_TENANT,
  tenantOfAsker,
  type Added,
  type Approval,
  type ApprovalPage,
  type ApprovalStore,
  type Decision,
} from '../../domain/revocations/approvals.ts'
import { KEYS } from './redis-keys.ts'
import { repliesOf } from './redis-replies.ts'

const PAGE_SIZE = 50
const FIELDS = ['entry', 'session', 'state', 'by', 'expires', 'on'] as const

/**
 * Takes room for one more, once for each id.
 * KEYS pending requests of a tenant's operators; ARGV id, operator, now, when it expires, the most of the operator, of the tenant.
 */
const TAKE_ROOM = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local member = ARGV[1] .. ' ' .. ARGV[2]
if redis.call('ZSCORE', KEYS[1], member) then return 'added' end
local pending = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf')
if #pending >= tonumber(ARGV[6]) then return 'tenant-full' end
local own = 0
for _, each in ipairs(pending) do
  if string.sub(each, string.find(each, ' ', 1, true) + 1) == ARGV[2] then own = own + 1 end
end
if own >= tonumber(ARGV[5]) then return 'operator-full' end
redis.call('ZADD', KEYS[1], ARGV[4], member)
return 'added'`

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

  async add(approval: Approval, nowMs: number): Promise<Added> {
    const { entry, session, expiresAtMs, onTopOf } = approval
    // One that has been decided needs no room any more.
    if ((await this.#redis.exists(KEYS.approval(entry.id))) === 1) return 'added'
    const most = [MAX_PENDING_PER_OPERATOR, MAX_PENDING_PER_TENANT]
    const about = [entry.id, entry.actor, nowMs, expiresAtMs, ...most]
    const added = (await this.#redis.eval(TAKE_ROOM, 1, pendingKeyOf(entry.actor), ...about)) as Added
    if (added !== 'added') return added
    // The list before the record: a listed id without a record is passed over.
    await this.#redis.zadd(KEYS.approvals, expiresAtMs, entry.id)
    const fields = [JSON.stringify(entry), session, expiresAtMs, onTopOf ?? '']
    await this.#redis.eval(ADD, 1, KEYS.approval(entry.id), ...fields)
    return 'added'
  }

  async find(id: string): Promise<Approval | undefined> {
    return approvalFrom(await this.#redis.hmget(KEYS.approval(id), ...FIELDS))
  }

  async decide(id: string, decision: Decision, by: string): Promise<Approval | undefined> {
    const approval = approvalFrom(await this.#redis.eval(DECIDE, 1, KEYS.approval(id), decision, by))
    await this.#redis.zrem(KEYS.approvals, id)
    const actor = approval?.entry.actor
    if (actor !== undefined) await this.#redis.zrem(pendingKeyOf(actor), `${id} ${actor}`)
    return approval
  }

  async page(after: string | undefined, nowMs: number): Promise<ApprovalPage> {
    await this.#redis.zremrangebyscore(KEYS.approvals, '-inf', nowMs)
    const listed = await this.#listedAfter(after)
    const last = listed.at(-1)
    if (last === undefined) return { approvals: [], next: undefined }
    const pipeline = this.#redis.pipeline()
    for (const { id } of listed) pipeline.hmget(KEYS.approval(id), ...FIELDS)
    const approvals = (await repliesOf(pipeline)).flatMap((reply) => approvalFrom(reply) ?? [])
    const waiting = approvals.filter(({ state }) => state === 'pending')
    return {
      approvals: waiting,
      next: listed.length < PAGE_SIZE ? undefined : `${last.expiry}.${last.id}`,
    }
  }

  /** Redis sorts those that expire at the same time by id. */
  async #listedAfter(after: string | undefined): Promise<Listed[]> {
    const [expiry = '', lastId = ''] = after?.split('.') ?? ['-inf']
    const range = [`(${expiry}`, '+inf', 'WITHSCORES', 'LIMIT', 0, PAGE_SIZE] as const
    const [alike, later] = await Promise.all([
      this.#redis.zrangebyscore(KEYS.approvals, expiry, expiry),
      this.#redis.zrangebyscore(KEYS.approvals, ...range),
    ])
    const listed = alike.filter((id) => id > lastId).map((id) => ({ id, expiry }))
    for (let index = 0; index < later.length; index += 2)
      listed.push({ id: later[index] ?? '', expiry: later[index + 1] ?? '' })
    return listed.slice(0, PAGE_SIZE)
  }
}

interface Listed {
  readonly id: string
  /** In milliseconds, as Redis writes it. */
  readonly expiry: string
}

function pendingKeyOf(actor: string): string {
  return KEYS.pendingApprovals(tenantOfAsker(actor))
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
