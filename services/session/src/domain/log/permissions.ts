/**
 * ④ What a subject may do: its own permissions and those of its roles, together.
 * Promise: a role that nobody has defined gives nothing.
 */
import type { Permission, RoleName, TenantId } from '@curfew/contracts'

import type { Grants, RoleDefinition } from './facts.ts'

/** May do everything here that has a permission of its own. */
export const OPERATOR = 'curfew:operator' as Permission
export const REVOKE = 'curfew:revoke' as Permission
export const GRANTS = 'curfew:grants' as Permission
export const READ = 'curfew:read' as Permission

const OWN_PREFIX = 'curfew:'

/** Of a role: its permissions, whenever they were said. */
export interface RoleDefinitions {
  role(tenant: TenantId, role: RoleName): Pick<RoleDefinition, 'permissions'> | undefined
}

/** Sorted and without repetition, so that equal grants look equal. */
export function effectivePermissions(
  tenant: TenantId,
  grants: Pick<Grants, 'roles' | 'permissions'> | undefined,
  wide: RoleDefinitions,
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

/** The powers over Curfew among them: who has one is an operator. */
export function powersIn(permissions: readonly Permission[]): Permission[] {
  return permissions.filter((permission) => permission.startsWith(OWN_PREFIX))
}

export function isOperator(
  tenant: TenantId,
  grants: Pick<Grants, 'roles' | 'permissions'> | undefined,
  wide: RoleDefinitions,
): boolean {
  return powersIn(effectivePermissions(tenant, grants, wide)).length > 0
}
