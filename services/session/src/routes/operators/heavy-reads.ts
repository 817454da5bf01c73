/**
 * ④ A gate for operators' reads that cost far more than one page: a search of the audit trail, a count, a day of statistics.
 * Promise: a replica runs few of them at once however many are requested, and the operators of one tenant never take every place.
 */
import type { TenantId } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'

const RUNNING_MAX = 2
const WAITING_MAX = 16
const WAITING_OF_TENANT_MAX = 8
const RETRY_AFTER_SECONDS = '2'

/**
 * Runs a read for an operator of the tenant as soon as there is a place for it.
 * @throws Problem `too-many-requests` when too many reads are waiting already.
 */
export type HeavyReads = <T>(tenant: TenantId, read: () => Promise<T>) => Promise<T>

interface Waiting {
  readonly tenant: TenantId
  readonly begin: () => void
}

export function createHeavyReads(): HeavyReads {
  /** One read at a time for each tenant. */
  const running = new Set<TenantId>()
  const waiting: Waiting[] = []

  const hasPlace = (tenant: TenantId): boolean => running.size < RUNNING_MAX && !running.has(tenant)

  function enter(tenant: TenantId): Promise<void> | undefined {
    if (hasPlace(tenant)) {
      running.add(tenant)
      return undefined
    }
    const ofTenant = waiting.filter((each) => each.tenant === tenant).length
    if (waiting.length >= WAITING_MAX || ofTenant >= WAITING_OF_TENANT_MAX)
      throw new Problem('too-many-requests', 'too many searches, counts and long lists are waiting', {
        headers: { 'retry-after': RETRY_AFTER_SECONDS },
      })
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push({ tenant, begin: resolve })
    return promise
  }

  /** Hands the place to the read that has waited longest among those that may run. */
  function leave(tenant: TenantId): void {
    running.delete(tenant)
    const index = waiting.findIndex((each) => hasPlace(each.tenant))
    const [next] = index === -1 ? [] : waiting.splice(index, 1)
    if (next === undefined) return
    running.add(next.tenant)
    next.begin()
  }

  return async (tenant, read) => {
    const turn = enter(tenant)
    if (turn !== undefined) await turn
    try {
      return await read()
    } finally {
      leave(tenant)
    }
  }
}
