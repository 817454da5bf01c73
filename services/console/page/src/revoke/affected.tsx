/** How many sessions it would hit, counted without touching any; the line keeps its place while it counts. */
import { useQuery } from '@tanstack/react-query'

import { countAffected } from '../api/revoke.ts'
import { explain } from '../api/problem.ts'
import type { DryRun, Scope } from '../api/types.ts'
import { Notice } from '../parts/notice.tsx'
import { count, counted, sessionsText } from '../parts/time.tsx'
import { unknownText } from '../parts/words.ts'
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
        <Hit found={counting.data} scope={scope} />
      )}
    </div>
  )
}

const TENANTS_SHOWN = 4

function Hit({ found, scope }: { readonly found: DryRun; readonly scope: Scope }) {
  const { tenants, exact } = found.would_affect
  const shown = tenants.slice(0, TENANTS_SHOWN)
  const rest = tenants.length - shown.length
  const least = exact ? '' : 'at least '
  return (
    <>
      <p>
        <strong className="figure first-capital">{sessionsText(found.would_affect, 'live session')}</strong>
        {tenants.length > 1 && ` in ${least}${counted(tenants.length, 'tenant')}`} would end.
      </p>
      {tenants.length > 1 && (
        <p className="muted figure">
          {shown.map(({ tenant, sessions }) => `${tenant} ${least}${count(sessions)}`).join(' · ')}
          {rest > 0 && ` · and ${least}${counted(rest, 'more tenant')}`}
        </p>
      )}
      {found.target_known === false && <Notice mark="warn">{unknownText(scope)} Is the name right?</Notice>}
    </>
  )
}
