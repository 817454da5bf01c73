/**
 * Who has any business here.
 * Promise: it decides about the page alone; what somebody may do the operator API decides.
 */
const OWN_PREFIX = 'curfew:'

export function isOperator({ permissions }: { readonly permissions: readonly string[] }): boolean {
  return permissions.some((permission) => permission.startsWith(OWN_PREFIX))
}
