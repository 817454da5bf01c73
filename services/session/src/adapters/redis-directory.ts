/**
 * ④ Which tenants and users the log has spoken about, by name.
 * Promise: a page costs what it holds, however many there are.
 */
import type { TenantId, UserId } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { Directory, NamePage } from '../ports.ts'
import { KEYS } from './redis-keys.ts'

export class RedisDirectory implements Directory {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  tenants({ after, limit }: NamePage): Promise<TenantId[]> {
    return this.#names(KEYS.tenants, { prefix: '', after, limit }) as Promise<TenantId[]>
  }

  users(tenant: TenantId, page: NamePage & { readonly prefix: string }): Promise<UserId[]> {
    return this.#names(KEYS.tenantUsers(tenant), page) as Promise<UserId[]>
  }

  #names(key: string, { prefix, after, limit }: NamePage & { readonly prefix: string }): Promise<string[]> {
    // Beyond every character that a name may hold.
    const end = prefix === '' ? '+' : `(${prefix}\u007f`
    return this.#redis.zrangebylex(
      key,
      after === undefined ? `[${prefix}` : `(${after}`,
      end,
      'LIMIT',
      0,
      limit,
    )
  }
}
