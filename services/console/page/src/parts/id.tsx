/** An id, short where there is little room; the button copies all of it, and shows it where the browser does not let it. */
import { useEffect, useState } from 'react'

import { Icon } from './icons.tsx'
import { shortId } from './words.ts'

export interface IdProps {
  /** The kind of thing that has the id. */
  readonly of: string
  readonly id: string
  readonly isFull?: boolean
}

const TOLD_MS = 2_000

export function Id({ of, id, isFull = false }: IdProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle')
  useEffect(() => {
    if (state !== 'copied') return undefined
    const timer = setTimeout(() => setState('idle'), TOLD_MS)
    return () => clearTimeout(timer)
  }, [state])
  const copy = (): void =>
    void navigator.clipboard.writeText(id).then(
      () => setState('copied'),
      () => setState('refused'),
    )
  return (
    <span className="id">
      <code title={id}>{isFull || state === 'refused' ? id : shortId(id)}</code>
      <button type="button" className="quiet icon-only id-copy" title={`Copy ${id}`} onClick={copy}>
        <Icon name={state === 'copied' ? 'done' : 'copy'} />
        <span className="unseen">
          Copy {of} id {shortId(id)}
        </span>
      </button>
      <span className="unseen" role="status">
        {state === 'copied' ? 'Copied' : ''}
      </span>
    </span>
  )
}
