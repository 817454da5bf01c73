/** Whom, except whom, and why; and what stands between a slip of the hand and everybody. */
import { useState, type SubmitEvent } from 'react'

import type { RevocationOrder } from '../api/revoke.ts'
import type { Scope, Session } from '../api/types.ts'
import { Field, REASON_LENGTH_MAX, isReason } from '../parts/field.tsx'
import { Failure } from '../parts/notice.tsx'
import { confirmationWord } from '../parts/words.ts'
import { Affected } from './affected.tsx'
import { ScopeChoice } from './scope-choice.tsx'

export interface RevokeFormProps {
  readonly scope: Scope | undefined
  readonly isScopeFixed: boolean
  readonly reason: string
  readonly session: Session
  readonly refusal: unknown
  readonly onSubmit: (order: RevocationOrder) => void
  readonly onCancel: () => void
}

export function RevokeForm(props: RevokeFormProps) {
  const { session, isScopeFixed, onSubmit, onCancel, refusal } = props
  const [scope, setScope] = useState(props.scope)
  const [reason, setReason] = useState(props.reason)
  const [isSpared, setSpared] = useState(true)
  const [typed, setTyped] = useState('')
  const coversMe = scope !== undefined && covers(scope, session)
  const spares = coversMe && isSpared && scope.type !== 'session'
  const word = scope && confirmationWord(scope)
  const isReady = scope !== undefined && isReason(reason) && (word === undefined || typed === word)
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    if (isReady) onSubmit({ scope, reason: reason.trim(), ...(spares && { except_current: true as const }) })
  }
  return (
    <form onSubmit={submit} className="dialog-body">
      {!isScopeFixed && <ScopeChoice session={session} onChoose={setScope} />}
      {coversMe && scope.type !== 'session' && (
        <label className="check">
          <input type="checkbox" checked={isSpared} onChange={(event) => setSpared(event.target.checked)} />
          Keep my own session
        </label>
      )}
      {coversMe && !spares && <p className="hint">This ends the session you are using now.</p>}
      <Affected scope={scope} isSpared={spares} />
      <Field
        label="Reason"
        hint="For whoever reads the history and the audit trail."
        required
        maxLength={REASON_LENGTH_MAX}
        data-first={isScopeFixed || undefined}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {word !== undefined && (
        <Field
          label={
            <>
              Type <kbd>{word}</kbd> to confirm
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
      {refusal !== undefined && <Failure error={refusal} />}
      <footer className="dialog-foot">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="danger" disabled={!isReady}>
          End sessions
        </button>
      </footer>
    </form>
  )
}

function covers(scope: Scope, session: Session): boolean {
  switch (scope.type) {
    case 'global':
      return true
    case 'tenant':
      return scope.tenant === session.tenant
    case 'user':
      return scope.tenant === session.tenant && scope.user === session.user
    case 'client':
      return scope.client === session.client
    case 'session':
      return scope.session === session.id
  }
}
