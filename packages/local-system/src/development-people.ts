/**
 * The cast of the examples and what they may do.
 * Promise: names and roles are stable, because documentation, tests and operators' tools rely on them.
 */
export const PEOPLE = [
  { tenant: 'acme', username: 'alice', roles: ['editor'] },
  { tenant: 'acme', username: 'bob', roles: ['viewer'] },
  { tenant: 'globex', username: 'carol', roles: ['editor'] },
  { tenant: 'curfew', username: 'operator', roles: [] },
] as const

const EDITOR = ['documents:read', 'documents:write', 'documents:delete']
const VIEWER = ['documents:read']

/** The session service puts these into the log, each only where the log says nothing yet. */
export const SEED = {
  roles: [
    { tenant: 'acme', role: 'editor', permissions: EDITOR },
    { tenant: 'acme', role: 'viewer', permissions: VIEWER },
    { tenant: 'globex', role: 'editor', permissions: EDITOR },
    { tenant: 'globex', role: 'viewer', permissions: VIEWER },
  ],
  grants: PEOPLE.map(({ tenant, username, roles }) => ({
    tenant,
    user: username,
    roles,
    permissions: username === 'operator' ? ['curfew:operator'] : [],
  })),
}
