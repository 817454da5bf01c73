/**
 * ④ What a subject may do: its own permissions and those of its roles, together.
 * Promise: a role that nobody has defined gives nothing; nobody hands out a power over Curfew that he does not hold.
 */
import type { Permission, TenantId } from '@curfew/contracts'

import type { Grants } from './facts.ts'
import type { WideFacts } from './wide-facts.ts'

/** May do everything here that has a permission of its own. */
export const OPERATOR = 'curfew:operator' as Permission
export const REVOKE = 'curfew:revoke' as Permission
export const GRANTS = 'curfew:grants' as Permission
export const READ = 'curfew:read' as Permission

const OWN_PREFIX = 'curfew:'

/** Sorted and without repetition, so that equal grants look equal. */
export function effectivePermissions(
  tenant: TenantId,
  grants: Pick<Grants, 'roles' | 'permissions'> | undefined,
  wide: WideFacts,
): Permission[] {
  if (grants === undefined) return []
  const all = new Set(grants.permissions)
  for (const role of grants.roles)
    for (const permission of wide.role(tenant, role)?.permissions ?? []) all.add(permission)
  return [...all].toSorted()
}

export function holds(held: ReadonlySet<Permission>, needed: Permission): boolean {
  return held.has(OPERATOR) || held.has(needed)
}

/** Without this, `curfew:grants` would be `curfew:operator` in two steps. */
export function mayHandOut(held: ReadonlySet<Permission>, permissions: readonly Permission[]): boolean {
  return permissions.every((permission) => !permission.startsWith(OWN_PREFIX) || holds(held, permission))
}
