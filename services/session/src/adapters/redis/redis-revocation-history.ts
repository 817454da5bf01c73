/**
 * ④ The history of operators' revocations in Redis, written from the log.
 * Promise: bounded in number and age; the revocations themselves hold for as long as the log and the projection say.
 */
import type { Position } from '@curfew/contracts'
import type { ChainableCommander, Redis } from 'ioredis'

import type { RevocationCount } from '../../domain/revocations/affected.ts'
import type { RevocationHistory } from '../../domain/revocations/ports.ts'
import type { Revocation } from '../../domain/revocations/revocation.ts'
import { KEYS } from './redis-keys.ts'

const KEPT_MS = 90 * 24 * 3_600_000
const KEPT_AT_MOST = 100_000

/** Adds to a pipeline what writes one record; the record first, so that the list names nothing that is not there. */
export function keepRevocation(pipeline: ChainableCommander, revocation: Revocation): void {
  pipeline.set(KEYS.revocation(revocation.id), JSON.stringify(revocation), 'PX', KEPT_MS, 'NX')
  pipeline.zadd(KEYS.revocations, 0, `${revocation.position} ${revocation.id}`)
  pipeline.zremrangebyrank(KEYS.revocations, 0, -KEPT_AT_MOST - 1)
}

export class RedisRevocationHistory implements RevocationHistory {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async find(id: string): Promise<Revocation | undefined> {
    const text = await this.#redis.get(KEYS.revocation(id))
    return text === null ? undefined : (JSON.parse(text) as Revocation)
  }

  async page(before: Position | undefined, limit: number): Promise<readonly Revocation[]> {
    const from = before === undefined ? '+' : `(${before}`
    const members = await this.#redis.zrevrangebylex(KEYS.revocations, from, '-', 'LIMIT', 0, limit)
    if (members.length === 0) return []
    const texts = await this.#redis.mget(members.map((member) => KEYS.revocation(member.split(' ')[1] ?? '')))
    return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as Revocation]))
  }

  async countOf(id: string): Promise<RevocationCount | undefined> {
    const text = await this.#redis.get(KEYS.revocationCount(id))
    return text === null ? undefined : (JSON.parse(text) as RevocationCount)
  }

  async keepCount(id: string, count: RevocationCount): Promise<void> {
    await this.#redis.set(KEYS.revocationCount(id), JSON.stringify(count), 'PX', KEPT_MS, 'NX')
  }
}
