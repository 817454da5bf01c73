/** The roles of a tenant, and what each allows: changed for everybody who has it at once. */
import { useState } from 'react'

import { useRoles } from '../api/queries.ts'
import type { Role, Session } from '../api/types.ts'
import { Filters, useFilter, TENANT, type FilterField } from '../parts/filters.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty } from '../parts/notice.tsx'
import { Panel } from '../parts/panel.tsx'
import { RoleDialog } from '../parts/role-dialog.tsx'
import { TenantList } from '../parts/tenant-list.tsx'
import { isAdministrative, may } from '../state/operator.ts'

const FIELDS: readonly FilterField[] = [TENANT]

export function Roles({ session }: { readonly session: Session }) {
  const isWide = isAdministrative(session)
  const asked = useFilter(FIELDS)['tenant'] ?? ''
  const tenant = isWide ? asked : session.tenant
  const roles = useRoles(tenant)
  const [edited, setEdited] = useState<Role | 'new'>()
  const mayChange = may(session, 'grants')
  const add = mayChange && (
    <button type="button" onClick={() => setEdited('new')}>
      <Icon name="add" />
      New role
    </button>
  )
  return (
    <>
      <h1 tabIndex={-1}>Roles</h1>
      {isWide && <Filters fields={FIELDS} />}
      {tenant === '' ? (
        <TenantList session={session} view="/roles" />
      ) : (
        <Panel title={`Roles of ${tenant}`} asked={roles} actions={add}>
          <RoleList roles={roles.data?.roles ?? []} mayChange={mayChange} onEdit={setEdited} />
        </Panel>
      )}
      {edited !== undefined && (
        <RoleDialog
          role={edited === 'new' ? undefined : edited}
          tenant={tenant}
          onClose={() => setEdited(undefined)}
        />
      )}
    </>
  )
}

interface RoleListProps {
  readonly roles: readonly Role[]
  readonly mayChange: boolean
  readonly onEdit: (role: Role) => void
}

function RoleList({ roles, mayChange, onEdit }: RoleListProps) {
  if (roles.length === 0) return <Empty title="No role has been defined" />
  return (
    <ul className="rows">
      {roles.map((role) => (
        <li key={`${role.tenant}/${role.role}`} className="row">
          <div className="row-main">
            <span className="row-title">
              <span>
                <span className="muted">{role.tenant}/</span>
                {role.role}
              </span>
            </span>
            <span className="muted row-text">{role.permissions.join(', ') || 'allows nothing'}</span>
          </div>
          {mayChange && (
            <button type="button" className="small" onClick={() => onEdit(role)}>
              Edit…
              <span className="unseen">
                {' '}
                {role.role} of {role.tenant}
              </span>
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
