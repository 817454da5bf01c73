/**
 * ④ What a new deployment starts with: roles, and who has them.
 * Promise: a seed says something only where the log has never said anything, so no restart undoes what operators did.
 */
import { hash } from 'node:crypto'

import {
  ORIGIN,
  type LogEntry,
  type Permission,
  type RoleName,
  type TenantId,
  type UserId,
  entryHead,
} from '@curfew/contracts'

import type { FactLog } from './ports.ts'

export interface Seed {
  readonly roles: readonly { tenant: TenantId; role: RoleName; permissions: Permission[] }[]
  readonly grants: readonly { tenant: TenantId; user: UserId; roles: RoleName[]; permissions: Permission[] }[]
}

export function seedEntries(seed: Seed, atMs: number): LogEntry[] {
  const head = (id: string) => ({ ...entryHead(id, atMs), reason: 'seed' })
  return [
    ...seed.roles.map((role): LogEntry => ({
      ...head(seedId('role', role.tenant, role.role)),
      type: 'role-changed',
      ...role,
    })),
    ...seed.grants.map((grants): LogEntry => ({
      ...head(seedId('grants', grants.tenant, grants.user)),
      type: 'grants-changed',
      ...grants,
    })),
  ]
}

/** How many entries were new. Throws when it is not known whether the log has one. */
export async function applySeed(log: FactLog, entries: readonly LogEntry[]): Promise<number> {
  let added = 0
  for (const entry of entries) {
    const outcome = await log.publish(entry, { last: ORIGIN })
    if (outcome.kind === 'unknown') throw new Error('the log did not answer while it was seeded')
    if (outcome.kind === 'stored' && !outcome.duplicate) added++
  }
  return added
}

/** Names hold no slash. */
function seedId(kind: string, tenant: string, name: string): string {
  return `seed-${hash('sha256', `${kind}/${tenant}/${name}`, 'base64url').slice(0, 22)}`
}
