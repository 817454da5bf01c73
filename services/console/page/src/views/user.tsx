/** One user: devices, what they may do, what has happened; and the ways to stop them. */
import { Link } from 'wouter'

import { subjectPath, useAudit, useSessions, useSubjects } from '../api/queries.ts'
import type { Session } from '../api/types.ts'
import { AuditList } from '../parts/audit-list.tsx'
import { GrantsEditor } from '../parts/grants-editor.tsx'
import { More, Panel } from '../parts/panel.tsx'
import { SessionList } from '../parts/session-list.tsx'
import { Suspension } from '../parts/suspension.tsx'
import { counted } from '../parts/time.tsx'
import { askToRevoke } from '../state/dialogs.ts'
import { may } from '../state/operator.ts'

export interface UserProps {
  readonly tenant: string
  readonly user: string
  readonly session: Session
}

export function UserView({ tenant, user, session }: UserProps) {
  const sessions = useSessions({ tenant, user })
  const history = useAudit({ tenant, user })
  const devices = sessions.data?.pages.flatMap((page) => page.sessions) ?? []
  const isSuspended = useIsSuspended(tenant, user)
  const mayRevoke = may(session, 'revoke')
  return (
    <>
      <p className="crumbs">
        <Link href="/users">Users</Link>
      </p>
      <div className="heading">
        <h1 tabIndex={-1}>
          <span className="muted">{tenant}/</span>
          {user}
        </h1>
        <div className="heading-actions">
          <Suspension
            name={`${tenant}/${user}`}
            path={subjectPath(tenant, user)}
            isSuspended={isSuspended}
            mayChange={mayRevoke}
          />
          {mayRevoke && (
            <button type="button" onClick={() => askToRevoke({ type: 'user', tenant, user })}>
              End all sessions…
            </button>
          )}
        </div>
      </div>
      <Panel
        title="Devices"
        asked={sessions}
        note={`${sessions.hasNextPage ? 'at least ' : ''}${counted(devices.length, 'live session')}`}
      >
        <SessionList sessions={devices} mayRevoke={mayRevoke} isOfOneUser isPartial={sessions.hasNextPage} />
        <More pages={sessions} />
      </Panel>
      <GrantsEditor tenant={tenant} user={user} isFixed={!may(session, 'grants')} />
      <Panel title="History" asked={history}>
        <AuditList isOfOneUser events={history.data?.pages.flatMap((page) => page.events) ?? []} />
        <More pages={history} />
      </Panel>
    </>
  )
}

function useIsSuspended(tenant: string, user: string): boolean {
  const subjects = useSubjects({ tenant, q: user }).data?.pages.flatMap((page) => page.subjects)
  return subjects?.find((subject) => subject.user === user)?.suspended === true
}
