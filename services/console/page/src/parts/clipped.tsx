/** Text from outside in a place of fixed size: two lines of it, and all of it for whoever points at it. */
import type { ReactNode } from 'react'

export function Clipped({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <span className="clipped" title={text}>
      {children}
    </span>
  )
}
