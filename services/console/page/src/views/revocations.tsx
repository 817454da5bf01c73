/** All revocations, newest first, with what waits for a second operator on top. */
import { useState } from 'react'

import { useApprovals, useRevocations } from '../api/queries.ts'
import type { Approval, Session } from '../api/types.ts'
import { Mark } from '../parts/icons.tsx'
import { More, Panel } from '../parts/panel.tsx'
import { RevocationList } from '../parts/revocation-list.tsx'
import { Ago } from '../parts/time.tsx'
import { scopeText } from '../parts/words.ts'
import { ApprovalDialog } from '../revoke/approval-dialog.tsx'
import { may } from '../state/operator.ts'

export function Revocations({ session }: { readonly session: Session }) {
  const revocations = useRevocations()
  const approvals = useApprovals()
  const [opened, setOpened] = useState<Approval>()
  const waiting = approvals.data?.pages.flatMap((page) => page.approvals) ?? []
  return (
    <>
      <h1 tabIndex={-1}>Revocations</h1>
      {waiting.length > 0 && (
        <Panel title="Waiting for a second operator" asked={approvals}>
          <ApprovalList approvals={waiting} mayDecide={may(session, 'revoke')} onOpen={setOpened} />
          <More pages={approvals} />
        </Panel>
      )}
      <Panel title="History" asked={revocations}>
        <RevocationList revocations={revocations.data?.pages.flatMap((page) => page.revocations) ?? []} />
        <More pages={revocations} />
      </Panel>
      {opened !== undefined && (
        <ApprovalDialog
          approval={opened}
          isOwn={opened.revocation.actor === `${session.tenant}/${session.user}`}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  )
}

interface ApprovalListProps {
  readonly approvals: readonly Approval[]
  readonly mayDecide: boolean
  readonly onOpen: (approval: Approval) => void
}

function ApprovalList({ approvals, mayDecide, onOpen }: ApprovalListProps) {
  return (
    <ul className="rows">
      {approvals.map((approval) => {
        const { id, scope, reason, actor, at } = approval.revocation
        return (
          <li key={id} className="row trail">
            <Mark name="unsure" />
            <div className="row-main">
              <span className="row-title">{scopeText(scope)}</span>
              <span className="muted row-text">
                {reason} · {actor} · <Ago at={at} />
              </span>
            </div>
            {mayDecide && (
              <button type="button" className="small" onClick={() => onOpen(approval)}>
                Decide…<span className="unseen"> about {scopeText(scope)}</span>
              </button>
            )}
          </li>
        )
      })}
    </ul>
  )
}
