/** The word of a second operator about a revocation that another one has asked for. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { approve, reject } from '../api/revoke.ts'
import type { Approval } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Failure } from '../parts/notice.tsx'
import { Ago } from '../parts/time.tsx'
import { scopeText } from '../parts/words.ts'
import { Affected } from './affected.tsx'
import { RevokeProgress } from './revoke-progress.tsx'
import { useTravel } from './use-travel.ts'

export interface ApprovalDialogProps {
  readonly approval: Approval
  /** Nobody approves what he has asked for himself. */
  readonly isOwn: boolean
  readonly onClose: () => void
}

export function ApprovalDialog({
  approval: { revocation, act, expires_at: expiresAt },
  isOwn,
  onClose,
}: ApprovalDialogProps) {
  const { id, scope, reason, actor, except = [] } = revocation
  const [isApproved, setApproved] = useState(false)
  const client = useQueryClient()
  const travel = useTravel((of: string, onRecorded) => approve(of, onRecorded))
  const rejecting = useMutation({
    mutationFn: () => reject(id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['/v1/approvals'] })
      onClose()
    },
  })
  const begin = (): void => {
    setApproved(true)
    travel.begin(id)
  }
  const isHeld = travel.isPending || rejecting.isPending
  const refusal = travel.refusal ?? rejecting.error
  return (
    <Dialog title={`Asked for: ${scopeText(scope)}`} onClose={onClose}>
      {isApproved && travel.refusal === undefined ? (
        <RevokeProgress travel={travel} onRepeat={begin} onClose={onClose} />
      ) : (
        <div className="dialog-body">
          <p>
            <strong>{actor}</strong>{' '}
            {act === 'suspend'
              ? 'wants to suspend the tenant: none of these sessions is admitted and none can begin until it is resumed'
              : `wants to end these sessions${except.length > 0 ? ' but the own' : ''}`}
            : {reason}
          </p>
          <Affected scope={scope} isSpared={false} />
          <p className="muted">
            {isOwn
              ? 'Another operator than the one who asked has to approve it.'
              : 'It happens at once when you approve it.'}{' '}
            Without a word it is forgotten <Ago at={expiresAt} />.
          </p>
          {refusal !== null && <Failure error={refusal} />}
          <footer className="dialog-foot">
            <button
              type="button"
              onClick={() => rejecting.mutate()}
              disabled={isHeld}
              data-first={isOwn || undefined}
            >
              {isOwn ? 'Take it back' : 'Reject'}
            </button>
            {!isOwn && (
              <button type="button" className="danger" onClick={begin} disabled={isHeld} data-first>
                {act === 'suspend' ? 'Approve and suspend' : 'Approve and end sessions'}
              </button>
            )}
          </footer>
        </div>
      )}
    </Dialog>
  )
}
