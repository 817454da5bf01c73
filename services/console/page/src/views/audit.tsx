/** Who did what, why, with what effect; and what has become of one-time claims. */
import { Link, useSearchParams } from 'wouter'

import { useAudit } from '../api/queries.ts'
import type { Session } from '../api/types.ts'
import { AuditList } from '../parts/audit-list.tsx'
import { Filters, useFilter, TENANT, type FilterField } from '../parts/filters.tsx'
import { More, Panel } from '../parts/panel.tsx'
import { isAdministrative } from '../state/operator.ts'

const KINDS: readonly { readonly type: string; readonly name: string }[] = [
  { type: '', name: 'Everything' },
  { type: 'login', name: 'Sign-ins' },
  { type: 'session', name: 'Sessions' },
  { type: 'revocation', name: 'Revocations' },
  { type: 'grants', name: 'Grants' },
  { type: 'role', name: 'Roles' },
  { type: 'claim', name: 'One-time claims' },
  { type: 'operator', name: 'Operators refused' },
]

const FIELDS: readonly FilterField[] = [
  { name: 'user', label: 'User' },
  { name: 'actor', label: 'Actor' },
  { name: 'session', label: 'Session id' },
]
const ALL_FIELDS = [TENANT, ...FIELDS]

export function Audit({ session }: { readonly session: Session }) {
  const isWide = isAdministrative(session)
  const [search] = useSearchParams()
  const filter = useFilter(ALL_FIELDS)
  const type = search.get('type') ?? ''
  const audit = useAudit({ ...filter, type, ...(!isWide && { tenant: session.tenant }) })
  const events = audit.data?.pages.flatMap((page) => page.events) ?? []
  const hrefOf = (kind: string): string => {
    const next = new URLSearchParams(search)
    if (kind === '') next.delete('type')
    else next.set('type', kind)
    return `/audit${next.size > 0 ? `?${next}` : ''}`
  }
  return (
    <>
      <h1 tabIndex={-1}>Audit</h1>
      <nav aria-label="Kinds of events" className="kinds">
        {KINDS.map((kind) => (
          <Link
            key={kind.type}
            href={hrefOf(kind.type)}
            aria-current={kind.type === type ? 'true' : undefined}
          >
            {kind.name}
          </Link>
        ))}
      </nav>
      <Filters fields={isWide ? ALL_FIELDS : FIELDS} />
      <Panel title={KINDS.find((kind) => kind.type === type)?.name ?? type} asked={audit}>
        <AuditList events={events} />
        <More pages={audit} />
      </Panel>
    </>
  )
}
