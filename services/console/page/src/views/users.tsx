/** Finds a user of a tenant by the beginning of the name. */
import { Link } from 'wouter'

import { useSubjects } from '../api/queries.ts'
import type { Session, Subject } from '../api/types.ts'
import { Filters, useFilter, TENANT, type FilterField } from '../parts/filters.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty } from '../parts/notice.tsx'
import { More, Panel } from '../parts/panel.tsx'
import { TenantList } from '../parts/tenant-list.tsx'
import { isAdministrative } from '../state/operator.ts'

const NAME: FilterField = { name: 'q', label: 'Name begins with' }
const FIELDS: readonly FilterField[] = [TENANT, NAME]

export function Users({ session }: { readonly session: Session }) {
  const isWide = isAdministrative(session)
  const asked = useFilter(FIELDS)
  const tenant = (isWide ? asked['tenant'] : session.tenant) ?? ''
  const subjects = useSubjects({ ...asked, tenant })
  return (
    <>
      <h1 tabIndex={-1}>Users</h1>
      <Filters fields={isWide ? FIELDS : [NAME]} />
      {tenant === '' ? (
        <TenantList session={session} view="/users" />
      ) : (
        <Panel title={`Users of ${tenant}`} asked={subjects}>
          <SubjectList subjects={subjects.data?.pages.flatMap((page) => page.subjects) ?? []} />
          <More pages={subjects} />
        </Panel>
      )}
    </>
  )
}

function SubjectList({ subjects }: { readonly subjects: readonly Subject[] }) {
  if (subjects.length === 0)
    return (
      <Empty title="Nobody is called that">
        Users are listed who have sessions, and those whom something has been granted to.
      </Empty>
    )
  return (
    <ul className="rows">
      {subjects.map(({ tenant, user, roles, permissions, suspended }) => (
        <li key={`${tenant}/${user}`} className="row">
          <Link
            href={`/users/${encodeURIComponent(tenant)}/${encodeURIComponent(user)}`}
            className="row-link"
          >
            <span className="row-main">
              <span className="row-title">
                <span>
                  <span className="muted">{tenant}/</span>
                  {user}
                </span>
                {suspended && <span className="tag tag-bad">suspended</span>}
              </span>
              <span className="muted row-text">{[...roles, ...permissions].join(', ') || 'no grants'}</span>
            </span>
            <Icon name="chevron" />
          </Link>
        </li>
      ))}
    </ul>
  )
}
