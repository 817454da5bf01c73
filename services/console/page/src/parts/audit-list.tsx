/** The audit trail, newest first: what happened, by whom, to whom, why, with what effect. */
import { Link } from 'wouter'

import type { AuditEvent } from '../api/types.ts'
import { Mark, type MarkName } from './icons.tsx'
import { Empty } from './notice.tsx'
import { Clipped } from './clipped.tsx'
import { Id } from './id.tsx'
import { Moment } from './time.tsx'

const MARK_OF: Readonly<Record<AuditEvent['outcome'], MarkName>> = {
  done: 'good',
  refused: 'bad',
  unknown: 'unsure',
}

export interface AuditListProps {
  readonly events: readonly AuditEvent[]
  /** Where all are about one user, nobody has to be told whom. */
  readonly isOfOneUser?: boolean
}

export function AuditList({ events, isOfOneUser = false }: AuditListProps) {
  if (events.length === 0) return <Empty title="Nothing of that kind has happened" />
  return (
    <ul className="rows">
      {events.map((event) => (
        <li key={event.id} className="row trail">
          <Mark name={MARK_OF[event.outcome]} label={event.outcome} />
          <div className="row-main">
            <span className="row-title">
              {event.type}
              <span className="muted">{whom(event, isOfOneUser)}</span>
            </span>
            <span className="muted row-text">{[event.reason, event.effect].filter(Boolean).join(' · ')}</span>
          </div>
          <div className="row-side muted">
            <Clipped text={event.actor}>{event.actor}</Clipped>
            <Moment at={event.at} />
          </div>
        </li>
      ))}
    </ul>
  )
}

function whom({ tenant, user, client, session }: AuditEvent, isKnown: boolean) {
  return (
    <>
      {isKnown ? undefined : tenant !== undefined && user !== undefined ? (
        <Link href={`/users/${encodeURIComponent(tenant)}/${encodeURIComponent(user)}`}>
          {tenant}/{user}
        </Link>
      ) : (
        tenant
      )}
      {client !== undefined && ` at ${client}`}
      {session !== undefined && (
        <>
          {' '}
          <Id of="session" id={session} isFull />
        </>
      )}
    </>
  )
}
