/** The door: the same account as everywhere, with a permission over Curfew. */
import { useMutation } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'

import { signIn } from '../api/client.ts'
import { explain, isCode } from '../api/problem.ts'
import type { Session } from '../api/types.ts'
import { Field } from '../parts/field.tsx'
import { Notice } from '../parts/notice.tsx'

export interface SignInProps {
  readonly wasSignedIn: boolean
  readonly onSignedIn: (session: Session) => void
}

const NOTHING = { tenant: '', username: '', password: '' }

export function SignIn({ wasSignedIn, onSignedIn }: SignInProps) {
  const [credentials, setCredentials] = useState(NOTHING)
  const signingIn = useMutation({ mutationFn: signIn, onSuccess: onSignedIn })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    signingIn.mutate(credentials)
  }
  const field = (name: keyof typeof NOTHING) => ({
    value: credentials[name],
    required: true,
    name,
    onChange: (event: { target: { value: string } }) =>
      setCredentials({ ...credentials, [name]: event.target.value }),
  })
  return (
    <main className="door">
      <form onSubmit={submit} className="panel door-panel">
        <h1>Curfew console</h1>
        {wasSignedIn ? (
          <Notice mark="warn">Your session is over. Somebody has ended it, or it has expired.</Notice>
        ) : (
          <p className="muted">For operators. Sign in with your own account.</p>
        )}
        <Field label="Organisation" autoComplete="organization" autoFocus {...field('tenant')} />
        <Field label="User name" autoComplete="username" {...field('username')} />
        <Field label="Password" type="password" autoComplete="current-password" {...field('password')} />
        {signingIn.isError && (
          <Notice mark="bad" isUrgent>
            {faultOf(signingIn.error)}
          </Notice>
        )}
        <button type="submit" className="primary wide" disabled={signingIn.isPending}>
          {signingIn.isPending ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}

function faultOf(error: unknown): string {
  if (isCode(error, 'invalid-credentials')) return 'Organisation, user name or password is wrong.'
  if (isCode(error, 'forbidden')) return 'This account may not operate Curfew.'
  if (isCode(error, 'unavailable')) return 'The gateway does not answer. Nobody can sign in right now.'
  return explain(error)
}
