/** What is left when the page itself fails: better than nothing at all at three in the morning. */
import { Component, type ReactNode } from 'react'

import { Notice } from './notice.tsx'

interface Props {
  readonly children: ReactNode
}

export class UnlessFailed extends Component<Props, { readonly hasFailed: boolean }> {
  override readonly state = { hasFailed: false }

  static getDerivedStateFromError(): { readonly hasFailed: boolean } {
    return { hasFailed: true }
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children
    return (
      <main className="door">
        <div className="panel door-panel">
          <h1>This page has failed</h1>
          <Notice mark="bad" isUrgent>
            Whatever you had begun may have happened: the history of revocations says so.
          </Notice>
          <button type="button" className="primary" onClick={() => location.assign('/')}>
            Begin anew
          </button>
        </div>
      </main>
    )
  }
}
