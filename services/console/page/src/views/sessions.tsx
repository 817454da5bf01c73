/** All live sessions, by tenant, user and client. */
import { useSessions } from '../api/queries.ts'
import type { Session } from '../api/types.ts'
import { Filters, useFilter, TENANT, type FilterField } from '../parts/filters.tsx'
import { More, Panel } from '../parts/panel.tsx'
import { SessionList } from '../parts/session-list.tsx'
import { counted } from '../parts/time.tsx'
import { isAdministrative, may } from '../state/operator.ts'

const USER: FilterField = { name: 'user', label: 'User' }
const CLIENT: FilterField = { name: 'client', label: 'Client' }
const FIELDS: readonly FilterField[] = [TENANT, USER, CLIENT]

export function Sessions({ session }: { readonly session: Session }) {
  const isWide = isAdministrative(session)
  const asked = useFilter(FIELDS)
  const filter = isWide ? asked : { ...asked, tenant: session.tenant }
  // Users are unique within their tenant only.
  const isAmbiguous = filter['user'] !== '' && filter['tenant'] === ''
  const sessions = useSessions(isAmbiguous ? { ...filter, user: '' } : filter)
  const listed = sessions.data?.pages.flatMap((page) => page.sessions) ?? []
  const more = sessions.hasNextPage ? 'at least ' : ''
  return (
    <>
      <h1 tabIndex={-1}>Sessions</h1>
      <Filters fields={isWide ? FIELDS : [USER, CLIENT]} />
      {isAmbiguous && <p className="hint">A user is looked for within a tenant: name that, too.</p>}
      <Panel
        title="Live sessions"
        asked={sessions}
        note={
          listed.length === 0 && sessions.hasNextPage
            ? undefined
            : `${more}${counted(listed.length, 'session')}`
        }
      >
        <SessionList sessions={listed} mayRevoke={may(session, 'revoke')} isPartial={sessions.hasNextPage} />
        <More pages={sessions} />
      </Panel>
    </>
  )
}
