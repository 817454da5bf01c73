/** Live sessions, each with whom, where and since when, and the way to end it. */
import { Link } from 'wouter'

import type { Session } from '../api/types.ts'
import { askToRevoke } from '../state/dialogs.ts'
import { Id } from './id.tsx'
import { Empty } from './notice.tsx'
import { Clipped } from './clipped.tsx'
import { Ago } from './time.tsx'
import { shortId } from './words.ts'

export interface SessionListProps {
  readonly sessions: readonly Session[]
  readonly mayRevoke: boolean
  /** Where all are of one user, nobody has to be told whose they are. */
  readonly isOfOneUser?: boolean
  /** There may be more than these. */
  readonly isPartial?: boolean
}

export function SessionList({
  sessions,
  mayRevoke,
  isOfOneUser = false,
  isPartial = false,
}: SessionListProps) {
  if (sessions.length === 0 && isPartial)
    return <Empty title="None found so far">Not all sessions have been looked at yet.</Empty>
  if (sessions.length === 0) return <Empty title="No live sessions">Nobody is signed in here.</Empty>
  return (
    <table className="table table-sessions">
      <thead>
        <tr>
          {!isOfOneUser && <th scope="col">User</th>}
          <th scope="col" className="col-device">
            Device
          </th>
          <th scope="col" className="col-client">
            Client
          </th>
          <th scope="col" className="col-time">
            Signed in
          </th>
          <th scope="col" className="col-time">
            Ends
          </th>
          <th scope="col" className="col-id">
            Session
          </th>
          <th scope="col" className="col-action">
            <span className="unseen">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <SessionRow key={session.id} session={session} mayRevoke={mayRevoke} isUserShown={!isOfOneUser} />
        ))}
      </tbody>
    </table>
  )
}

interface SessionRowProps {
  readonly session: Session
  readonly mayRevoke: boolean
  readonly isUserShown: boolean
}

function SessionRow({ session, mayRevoke, isUserShown }: SessionRowProps) {
  return (
    <tr>
      {isUserShown && (
        <th scope="row" data-name="User">
          <Link
            href={`/users/${encodeURIComponent(session.tenant)}/${encodeURIComponent(session.user)}`}
            className="clipped"
            title={`${session.tenant}/${session.user}`}
          >
            <span className="muted">{session.tenant}/</span>
            {session.user}
          </Link>
        </th>
      )}
      <td data-name="Device">
        <div>
          <Clipped text={[session.label, session.address_class].filter(Boolean).join(', ')}>
            {session.label ?? 'unknown'}
            {session.address_class !== undefined && <span className="muted"> {session.address_class}</span>}
          </Clipped>
          {session.current === true && <span className="tag">this one</span>}
        </div>
      </td>
      <td data-name="Client">
        <Clipped text={session.client}>{session.client}</Clipped>
      </td>
      <td data-name="Signed in">
        <Ago at={session.created_at} />
      </td>
      <td data-name="Ends">
        <Ago
          at={session.idle_expires_at < session.expires_at ? session.idle_expires_at : session.expires_at}
        />
      </td>
      <td data-name="Session">
        <Id of="session" id={session.id} />
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
  )
}
