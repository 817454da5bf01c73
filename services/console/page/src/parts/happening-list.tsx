/** The log as it grows: what anybody has changed since this page was opened, and who has come and gone. */
import type { Scope } from '../api/types.ts'
import { happenings, type Happening } from '../state/live.ts'
import { useStore } from '../state/store.ts'
import { Mark, type MarkName } from './icons.tsx'
import { Empty } from './notice.tsx'
import { Clock } from './time.tsx'
import { scopeText } from './words.ts'

const SHOWN = 6

export function HappeningList() {
  const latest = useStore(happenings).slice(0, SHOWN)
  if (latest.length === 0)
    return <Empty title="Quiet so far">Changes show here as they happen, whoever makes them.</Empty>
  return (
    <ul className="rows" aria-live="polite">
      {latest.map((happening) => {
        const { mark, title } = told(happening)
        return (
          <li key={happening.position} className="row trail">
            <Mark name={mark} />
            <div className="row-main">
              <span className="row-title">{title}</span>
              <span className="muted row-text">{happening.reason ?? happening.actor}</span>
            </div>
            <div className="row-side muted">
              <Clock at={happening.at} />
            </div>
          </li>
        )
      })}
    </ul>
  )
}

function told({ type, entry }: Happening): { readonly mark: MarkName; readonly title: string } {
  const { tenant, user, role, service, verifier } = entry as Readonly<Record<string, string | undefined>>
  const whom = user === undefined ? String(tenant) : `${tenant}/${user}`
  switch (type) {
    case 'revoked':
      return { mark: 'bad', title: `Sessions ended: ${scopeText(entry['scope'] as Scope)}` }
    case 'grants-changed':
      return { mark: 'good', title: `Grants of ${whom} changed` }
    case 'role-changed':
      return { mark: 'good', title: `Role ${tenant}/${role} changed` }
    case 'suspended':
      return { mark: 'bad', title: `${whom} suspended` }
    case 'resumed':
      return { mark: 'good', title: `${whom} let in again` }
    case 'joined':
      return { mark: 'none', title: `A verifier of ${service} joined` }
    case 'evicted':
      return { mark: 'warn', title: `Verifier ${verifier?.slice(0, 8)} was given up` }
    default:
      return { mark: 'none', title: `Verifier ${verifier?.slice(0, 8)} left` }
  }
}
