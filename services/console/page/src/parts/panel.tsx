/**
 * A part of a view that shows what was asked for: still coming, there, empty, refused, or old because nobody answers.
 * Promise: what is shown keeps its place and its size from the first frame on.
 */
import { useId, type ReactNode } from 'react'

import { explain, isAway, isForbidden, isMissing } from '../api/problem.ts'
import { Empty, Failure } from './notice.tsx'
import { Clock } from './time.tsx'

interface Asked {
  readonly isPending: boolean
  readonly error: unknown
  readonly data: unknown
  readonly dataUpdatedAt: number
}

export interface PanelProps {
  readonly title: string
  readonly asked?: Asked
  readonly actions?: ReactNode
  readonly note?: ReactNode
  /** What to say where the session authority does not know of such a thing. */
  readonly missing?: string
  readonly className?: string
  readonly children: ReactNode
}

export function Panel({ title, asked, actions, note, missing, className = '', children }: PanelProps) {
  const titleId = useId()
  const isStale = asked !== undefined && asked.data !== undefined && isAway(asked.error)
  return (
    <section className={`panel ${className}`} aria-labelledby={titleId} data-stale={isStale || undefined}>
      <header className="panel-head">
        <h2 id={titleId}>{title}</h2>
        {isStale && (
          <span className="stale">
            as of <Clock at={asked.dataUpdatedAt} />
          </span>
        )}
        {note !== undefined && <span className="muted panel-note">{note}</span>}
        {actions !== undefined && <div className="panel-actions">{actions}</div>}
      </header>
      <Content asked={asked} missing={missing}>
        {children}
      </Content>
    </section>
  )
}

interface ContentProps {
  readonly asked: Asked | undefined
  readonly missing: string | undefined
  readonly children: ReactNode
}

function Content({ asked, missing = 'There is nothing here', children }: ContentProps) {
  if (asked === undefined || asked.data !== undefined) return children
  if (asked.isPending) return <div className="loading" role="status" aria-label="Loading" />
  if (isForbidden(asked.error)) return <Empty title="Not for this account">{explain(asked.error)}</Empty>
  if (isMissing(asked.error)) return <Empty title={missing} />
  return <Failure error={asked.error} />
}

export function More({
  pages,
}: {
  readonly pages: {
    readonly hasNextPage: boolean
    readonly isFetchingNextPage: boolean
    fetchNextPage(): unknown
  }
}) {
  if (!pages.hasNextPage) return undefined
  return (
    <div className="more">
      <button type="button" onClick={() => void pages.fetchNextPage()} disabled={pages.isFetchingNextPage}>
        Show more
      </button>
    </div>
  )
}
