/**
 * ④ A gate for reads that cost much: long stretches of the audit trail, a day of statistics.
 * Promise: however many of them are asked for, a replica does few at once, and one tenant's operators never take all places.
 */
import type { TenantId } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'

const AT_ONCE = 2
const WAITING_MAX = 16
const WAITING_OF_TENANT_MAX = 8
const RETRY_AFTER_SECONDS = '2'

/** Runs a read when there is a place for it. */
export type HeavyReads = <T>(tenant: TenantId, read: () => Promise<T>) => Promise<T>

interface Waiting {
  readonly tenant: TenantId
  readonly begin: () => void
}

/** One read at a time for the operators of a tenant, and a few reads in all. Throws a problem where too many wait. */
export function createHeavyReads(): HeavyReads {
  const under = new Set<TenantId>()
  const waiting: Waiting[] = []

  const isFree = (tenant: TenantId): boolean => under.size < AT_ONCE && !under.has(tenant)

  function leave(tenant: TenantId): void {
    under.delete(tenant)
    const next = waiting.findIndex((each) => isFree(each.tenant))
    const [found] = next === -1 ? [] : waiting.splice(next, 1)
    if (found === undefined) return
    under.add(found.tenant)
    found.begin()
  }

  function enter(tenant: TenantId): Promise<void> | undefined {
    if (isFree(tenant)) {
      under.add(tenant)
      return undefined
    }
    const ofTenant = waiting.filter((each) => each.tenant === tenant).length
    if (waiting.length >= WAITING_MAX || ofTenant >= WAITING_OF_TENANT_MAX)
      throw new Problem('too-many-requests', 'too many reads of this kind are waiting', {
        headers: { 'retry-after': RETRY_AFTER_SECONDS },
      })
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push({ tenant, begin: resolve })
    return promise
  }

  return async (tenant, read) => {
    await enter(tenant)
    try {
      return await read()
    } finally {
      leave(tenant)
    }
  }
}
