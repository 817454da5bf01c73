/** Suspends a user or a tenant, or lets them in again: no session, and none can begin. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'

import { call } from '../api/client.ts'
import type { Effect } from '../api/types.ts'
import { ChangeFoot, Dialog } from './dialog.tsx'
import { EffectLine } from './effect.tsx'
import { Field, REASON_LENGTH_MAX, isReason } from './field.tsx'
import { Failure } from './notice.tsx'

export interface SuspensionProps {
  /** For people: `acme/alice`, `acme`. */
  readonly name: string
  /** Of the API: `/v1/subjects/acme/alice`, `/v1/tenants/acme`. */
  readonly path: string
  readonly isSuspended: boolean
  readonly mayChange: boolean
  readonly isSmall?: boolean
}

export function Suspension({ name, path, isSuspended, mayChange, isSmall = false }: SuspensionProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      {isSuspended && <span className="tag tag-bad">suspended</span>}
      {mayChange && (
        <button type="button" className={isSmall ? 'small' : undefined} onClick={() => setOpen(true)}>
          {isSuspended ? 'Let in again…' : 'Suspend…'}
          <span className="unseen"> {name}</span>
        </button>
      )}
      {isOpen && (
        <SuspensionDialog
          name={name}
          path={path}
          verb={isSuspended ? 'resume' : 'suspend'}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  )
}

interface SuspensionDialogProps {
  readonly name: string
  readonly path: string
  readonly verb: 'suspend' | 'resume'
  readonly onClose: () => void
}

function SuspensionDialog({ name, path, verb, onClose }: SuspensionDialogProps) {
  // What it is about stays the same while the dialog shows what came of it.
  const [begun] = useState(verb)
  const [reason, setReason] = useState('')
  const client = useQueryClient()
  const changing = useMutation({
    mutationFn: () => call<Effect>('POST', `${path}/${begun}`, { body: { reason: reason.trim() } }),
    onSuccess: () =>
      Promise.all(
        ['/v1/subjects', '/v1/tenants', '/v1/audit', '/v1/sessions', '/v1/approvals'].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    changing.mutate()
  }
  const isSuspending = begun === 'suspend'
  return (
    <Dialog
      title={isSuspending ? `Suspend ${name}` : `Let ${name} in again`}
      onClose={onClose}
      isHeld={changing.isPending}
    >
      <form className="dialog-body" onSubmit={submit}>
        <p className="muted">
          {isSuspending
            ? 'No session is admitted from now on, and none can begin until somebody lets them in again. End the sessions as well if they must not come back then.'
            : 'They can sign in again, and earlier sessions within their limits are admitted again. What was revoked stays ended.'}
        </p>
        <Field
          label="Reason"
          required
          maxLength={REASON_LENGTH_MAX}
          data-first
          value={reason}
          readOnly={changing.isSuccess}
          onChange={(event) => setReason(event.target.value)}
        />
        {changing.isError && <Failure error={changing.error} />}
        {changing.isSuccess && <EffectLine effect={changing.data} />}
        <ChangeFoot
          isDone={changing.isSuccess}
          isReady={isReason(reason) && !changing.isPending}
          isDangerous={isSuspending}
          action={isSuspending ? 'Suspend' : 'Let in again'}
          onClose={onClose}
        />
      </form>
    </Dialog>
  )
}
