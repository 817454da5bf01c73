/** The password once more, where the API wants a proof that is fresh; what was intended happens then. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'

import { elevate } from '../api/client.ts'
import { explain, isCode } from '../api/problem.ts'
import type { ProofRequest } from '../state/dialogs.ts'
import { Dialog } from './dialog.tsx'
import { Field } from './field.tsx'

export function ProofDialog({ settle }: ProofRequest) {
  const [password, setPassword] = useState('')
  const client = useQueryClient()
  const proving = useMutation({
    mutationFn: elevate,
    onSuccess: (session) => {
      client.setQueryData(['session'], session)
      settle(true)
    },
  })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    proving.mutate(password)
  }
  return (
    <Dialog title="Confirm that it is you" onClose={() => settle(false)} isHeld={proving.isPending}>
      <form onSubmit={submit} className="dialog-body">
        <p className="muted">This reaches far, and you signed in a while ago. Your password, please.</p>
        <Field
          label="Password"
          type="password"
          autoComplete="current-password"
          required
          data-first
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          fault={faultOf(proving.error)}
        />
        <footer className="dialog-foot">
          <button type="button" onClick={() => settle(false)} disabled={proving.isPending}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={proving.isPending || password === ''}>
            {proving.isPending ? 'Checking…' : 'Confirm'}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}

function faultOf(error: unknown): string | undefined {
  if (error === null) return undefined
  return isCode(error, 'invalid-credentials') ? 'That is not your password.' : explain(error)
}
