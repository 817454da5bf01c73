/**
 * ③ ⑥ Counts the claims for uploads that have not expired, of each user and of each tenant.
 * Promise: of many at once as many are taken as there is room for; whatever a process dies over is forgotten with the claim.
 */
import { randomUUID } from 'node:crypto'

import type { Redis } from '@curfew/service-kit/redis'

import type { Quota, UploadAllowance } from '../ports.ts'
import { repliesOf } from './redis-replies.ts'

export function createRedisUploadAllowance(redis: Redis, quota: Quota): UploadAllowance {
  return {
    take: async ({ tenant, user }, { nowMs, untilMs }) => {
      const ofTenant = `documents:{${tenant}}:uploads`
      const ofUser = `${ofTenant}-of:${user}`
      const id = randomUUID()
      const transaction = redis.multi()
      for (const key of [ofTenant, ofUser])
        transaction
          .zremrangebyscore(key, '-inf', nowMs)
          .zadd(key, untilMs, id)
          .zcard(key)
          // The latest claim lives longest.
          .pexpireat(key, untilMs)
      const replies = repliesOf(await transaction.exec())
      if (Number(replies[2]) <= quota.perTenant && Number(replies[6]) <= quota.perUser) return 'taken'
      repliesOf(await redis.multi().zrem(ofTenant, id).zrem(ofUser, id).exec())
      return 'full'
    },
  }
}
