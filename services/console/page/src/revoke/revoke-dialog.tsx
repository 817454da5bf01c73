/**
 * Ends sessions: first whom and why, with a count of who would be hit; then how it travels; then what is known to hold.
 * Promise: a second press, or a repetition after a lost answer, is the same revocation.
 */
import { useState } from 'react'

import { revoke, type RevocationOrder } from '../api/revoke.ts'
import type { Scope, Session } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { scopeText } from '../parts/words.ts'
import { RevokeForm } from './revoke-form.tsx'
import { RevokeProgress } from './revoke-progress.tsx'
import { useTravel } from './use-travel.ts'

export interface RevokeDialogProps {
  readonly scope: Scope | undefined
  readonly session: Session
  readonly onClose: () => void
}

export function RevokeDialog({ scope, session, onClose }: RevokeDialogProps) {
  const [key] = useState(() => crypto.randomUUID())
  const [order, setOrder] = useState<RevocationOrder>()
  const travel = useTravel((wanted: RevocationOrder, onRecorded) => revoke(wanted, key, onRecorded))
  const begin = (wanted: RevocationOrder): void => {
    setOrder(wanted)
    travel.begin(wanted)
  }
  const whom = order?.scope ?? scope
  return (
    // It can be left while it is under way: what is asked for is not taken back by looking away.
    <Dialog
      title={whom === undefined ? 'End sessions' : `End sessions: ${scopeText(whom)}`}
      onClose={onClose}
    >
      {order !== undefined && travel.refusal === undefined ? (
        <RevokeProgress travel={travel} onRepeat={() => travel.begin(order)} onClose={onClose} />
      ) : (
        <RevokeForm
          scope={whom}
          isScopeFixed={scope !== undefined}
          reason={order?.reason ?? ''}
          session={session}
          refusal={travel.refusal}
          onSubmit={begin}
          onCancel={onClose}
        />
      )}
    </Dialog>
  )
}
