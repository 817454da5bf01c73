/**
 * ④ Which tenants and users the log has spoken about or that have sessions, by name.
 * Promise: a page costs what it holds, however many there are.
 */
import type { TenantId, UserId } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { Directory, NamePage } from '../../domain/sessions/ports.ts'
import { KEYS } from './redis-keys.ts'
import { repliesOf } from './redis-replies.ts'

/** Behind every character that a name may hold, in Unicode and in the order of Redis. */
const LAST_CHARACTER = '\u{10ffff}'

export class RedisDirectory implements Directory {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  tenants({ after, limit }: NamePage): Promise<TenantId[]> {
    return this.#names([KEYS.tenants, KEYS.sessionTenants], { prefix: '', after, limit }) as Promise<
      TenantId[]
    >
  }

  users(tenant: TenantId, page: NamePage & { readonly prefix: string }): Promise<UserId[]> {
    return this.#names([KEYS.tenantUsers(tenant), KEYS.sessionUsers(tenant)], page) as Promise<UserId[]>
  }

  async knows({ tenant, user }: { readonly tenant: TenantId; readonly user?: UserId }): Promise<boolean> {
    const pipeline = this.#redis.pipeline()
    if (user === undefined) pipeline.zscore(KEYS.tenants, tenant).zscore(KEYS.sessionTenants, tenant)
    else pipeline.zscore(KEYS.tenantUsers(tenant), user).zscore(KEYS.sessionUsers(tenant), user)
    return (await repliesOf(pipeline)).some((score) => score !== null)
  }

  /** Of several lists, each sorted, as many names as one page holds. */
  async #names(
    keys: readonly string[],
    { prefix, after, limit }: NamePage & { readonly prefix: string },
  ): Promise<string[]> {
    const begin = after === undefined ? `[${prefix}` : `(${after}`
    const end = prefix === '' ? '+' : `(${prefix}${LAST_CHARACTER}`
    const pipeline = this.#redis.pipeline()
    for (const key of keys) pipeline.zrangebylex(key, begin, end, 'LIMIT', 0, limit)
    const names = new Set((await repliesOf(pipeline)).flat() as string[])
    return [...names].toSorted(byBytes).slice(0, limit)
  }
}

/** As Redis sorts: text compared as text has another order beyond U+FFFF. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
