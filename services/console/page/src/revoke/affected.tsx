/** How many sessions it would hit, counted without touching any; the line keeps its place while it counts. */
import { useQuery } from '@tanstack/react-query'

import { countAffected } from '../api/revoke.ts'
import { explain } from '../api/problem.ts'
import type { Scope, WouldAffect } from '../api/types.ts'
import { count, counted } from '../parts/time.tsx'
import { useSettled } from '../state/settled.ts'

export function Affected({
  scope,
  isSpared,
}: {
  readonly scope: Scope | undefined
  readonly isSpared: boolean
}) {
  const asked = useSettled(scope)
  const counting = useQuery({
    queryKey: ['affected', asked, isSpared],
    queryFn: ({ signal }) =>
      countAffected(
        { scope: asked ?? { type: 'global' }, ...(isSpared && { except_current: true as const }) },
        signal,
      ),
    enabled: asked !== undefined,
    staleTime: 0,
    gcTime: 0,
  })
  return (
    <div className="affected" role="status">
      {scope === undefined ? (
        <p className="muted">Choose whose sessions are to end.</p>
      ) : counting.isPending || asked !== scope ? (
        <p className="muted">Counting…</p>
      ) : counting.isError ? (
        <p className="muted">Not counted. {explain(counting.error)}</p>
      ) : (
        <Hit affected={counting.data} />
      )}
    </div>
  )
}

const TENANTS_SHOWN = 4

function Hit({ affected: { sessions, tenants, exact } }: { readonly affected: WouldAffect }) {
  const shown = tenants.slice(0, TENANTS_SHOWN)
  const rest = tenants.length - shown.length
  return (
    <>
      <p>
        {exact ? '' : 'At least '}
        <strong className="figure">{counted(sessions, 'live session')}</strong>
        {tenants.length > 1 && ` in ${counted(tenants.length, 'tenant')}`} would end.
      </p>
      {tenants.length > 1 && (
        <p className="muted figure">
          {shown.map(({ tenant, sessions: amount }) => `${tenant} ${count(amount)}`).join(' · ')}
          {rest > 0 && ` · and ${counted(rest, 'more tenant')}`}
        </p>
      )}
    </>
  )
}
