/** Revocations, newest first: whose sessions, why, by whom, when. */
import { Link } from 'wouter'

import type { Revocation } from '../api/types.ts'
import { Clipped } from './clipped.tsx'
import { Empty } from './notice.tsx'
import { Moment } from './time.tsx'
import { scopeText } from './words.ts'

export function RevocationList({ revocations }: { readonly revocations: readonly Revocation[] }) {
  if (revocations.length === 0) return <Empty title="Nothing has been revoked yet" />
  return (
    <ul className="rows">
      {revocations.map(({ id, scope, reason, actor, at, except }) => (
        <li key={id} className="row">
          <div className="row-main">
            <span className="row-title">
              {scope.type === 'user' ? (
                <Link href={`/users/${encodeURIComponent(scope.tenant)}/${encodeURIComponent(scope.user)}`}>
                  {scopeText(scope)}
                </Link>
              ) : (
                scopeText(scope)
              )}
              {(except?.length ?? 0) > 0 && <span className="tag">but one session</span>}
            </span>
            <span className="muted row-text">{reason ?? 'no reason given'}</span>
          </div>
          <div className="row-side muted">
            <Clipped text={actor}>{actor}</Clipped>
            <Moment at={at} />
          </div>
        </li>
      ))}
    </ul>
  )
}
