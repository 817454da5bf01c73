/** What the page says besides what it was asked for: a shape, a sentence, perhaps something to do. */
import type { ReactNode } from 'react'

import { explain, isAway } from '../api/problem.ts'
import { Mark, type MarkName } from './icons.tsx'

export interface NoticeProps {
  readonly mark: MarkName
  readonly children: ReactNode
  /** Interrupts whoever listens to the page. */
  readonly isUrgent?: boolean
}

export function Notice({ mark, children, isUrgent = false }: NoticeProps) {
  return (
    <div className={`notice notice-${mark}`} role={isUrgent ? 'alert' : 'status'}>
      <Mark name={mark} />
      <div>{children}</div>
    </div>
  )
}

export function Failure({ error }: { readonly error: unknown }) {
  return (
    <Notice mark={isAway(error) ? 'unsure' : 'bad'} isUrgent>
      {explain(error)}
    </Notice>
  )
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <Mark name="none" />
      <p className="empty-title">{title}</p>
      {children !== undefined && <p className="muted">{children}</p>}
    </div>
  )
}
