/** Live sessions, each with whom, where and since when, and the way to end it. */
import { Link } from 'wouter'

import type { Session } from '../api/types.ts'
import { askToRevoke } from '../state/dialogs.ts'
import { Empty } from './notice.tsx'
import { Ago } from './time.tsx'
import { shortId } from './words.ts'

export interface SessionListProps {
  readonly sessions: readonly Session[]
  readonly mayRevoke: boolean
  /** Where all are of one user, nobody has to be told whose they are. */
  readonly isOfOneUser?: boolean
}

export function SessionList({ sessions, mayRevoke, isOfOneUser = false }: SessionListProps) {
  if (sessions.length === 0) return <Empty title="No live sessions">Nobody is signed in here.</Empty>
  return (
    <table className="table">
      <thead>
        <tr>
          {!isOfOneUser && <th scope="col">User</th>}
          <th scope="col">Device</th>
          <th scope="col">Client</th>
          <th scope="col">Signed in</th>
          <th scope="col">Ends</th>
          <th scope="col">Session</th>
          <th scope="col">
            <span className="unseen">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <tr key={session.id}>
            {!isOfOneUser && (
              <th scope="row" data-name="User">
                <Link
                  href={`/users/${encodeURIComponent(session.tenant)}/${encodeURIComponent(session.user)}`}
                >
                  <span className="muted">{session.tenant}/</span>
                  {session.user}
                </Link>
              </th>
            )}
            <td data-name="Device">
              <span>
                {session.label ?? 'unknown'}
                {session.address_class !== undefined && (
                  <span className="muted nowrap"> {session.address_class}</span>
                )}
                {session.current === true && <span className="tag">this one</span>}
              </span>
            </td>
            <td data-name="Client">{session.client}</td>
            <td data-name="Signed in">
              <Ago at={session.created_at} />
            </td>
            <td data-name="Ends">
              <Ago
                at={
                  session.idle_expires_at < session.expires_at ? session.idle_expires_at : session.expires_at
                }
              />
            </td>
            <td data-name="Session">
              <code title={session.id}>{shortId(session.id)}</code>
            </td>
            <td className="table-action">
              {mayRevoke && (
                <button
                  type="button"
                  className="small"
                  onClick={() => askToRevoke({ type: 'session', session: session.id })}
                >
                  End…<span className="unseen"> session {shortId(session.id)}</span>
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
