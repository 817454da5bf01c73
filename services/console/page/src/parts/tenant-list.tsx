/** All tenants, for operators of the whole deployment: the way to what a view shows of one. */
import { Link } from 'wouter'

import { useTenants } from '../api/queries.ts'
import type { Session } from '../api/types.ts'
import { askToRevoke } from '../state/dialogs.ts'
import { may } from '../state/operator.ts'
import { Empty } from './notice.tsx'
import { More, Panel } from './panel.tsx'
import { Suspension } from './suspension.tsx'

export interface TenantListProps {
  readonly session: Session
  /** Of the view that is gone on in. */
  readonly view: string
}

export function TenantList({ session, view }: TenantListProps) {
  const tenants = useTenants(true)
  const listed = tenants.data?.pages.flatMap((page) => page.tenants) ?? []
  const mayRevoke = may(session, 'revoke')
  return (
    <Panel title="Tenants" asked={tenants}>
      {listed.length === 0 && <Empty title="No tenant is known yet" />}
      <ul className="rows">
        {listed.map(({ tenant, suspended }) => (
          <li key={tenant} className="row">
            <Link href={`${view}?tenant=${encodeURIComponent(tenant)}`} className="row-main row-title">
              {tenant}
            </Link>
            <span className="row-actions">
              <Suspension
                name={tenant}
                path={`/v1/tenants/${encodeURIComponent(tenant)}`}
                isSuspended={suspended}
                mayChange={mayRevoke}
                isSmall
              />
              {mayRevoke && (
                <button
                  type="button"
                  className="small"
                  onClick={() => askToRevoke({ type: 'tenant', tenant })}
                >
                  End sessions…<span className="unseen"> of {tenant}</span>
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
      <More pages={tenants} />
    </Panel>
  )
}
