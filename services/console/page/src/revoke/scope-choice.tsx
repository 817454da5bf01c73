/** Chooses whom: everyone, a tenant, a client application, a user or one session. */
import { useState } from 'react'

import { useTenantNames } from '../api/queries.ts'
import type { Scope, Session } from '../api/types.ts'
import { Field } from '../parts/field.tsx'
import { isAdministrative } from '../state/operator.ts'

type Kind = Scope['type']

const KINDS: readonly { readonly kind: Kind; readonly label: string }[] = [
  { kind: 'global', label: 'Everyone' },
  { kind: 'tenant', label: 'A tenant' },
  { kind: 'client', label: 'A client application' },
  { kind: 'user', label: 'A user' },
  { kind: 'session', label: 'One session' },
]

export interface ScopeChoiceProps {
  readonly session: Session
  readonly onChoose: (scope: Scope | undefined) => void
}

export function ScopeChoice({ session, onChoose }: ScopeChoiceProps) {
  const isWide = isAdministrative(session)
  const [kind, setKind] = useState<Kind>()
  const [names, setNames] = useState({
    tenant: isWide ? '' : session.tenant,
    user: '',
    client: '',
    session: '',
  })
  const change = (nextKind: Kind, nextNames: typeof names): void => {
    setKind(nextKind)
    setNames(nextNames)
    onChoose(scopeOf(nextKind, nextNames))
  }
  const tenants = useTenantNames(isWide)
  const field = (name: keyof typeof names, label: string, isFixed = false) => (
    <Field
      label={label}
      required
      value={names[name]}
      readOnly={isFixed}
      suggestions={name === 'tenant' && !isFixed ? tenants : undefined}
      onChange={(event) => kind && change(kind, { ...names, [name]: event.target.value.trim() })}
    />
  )
  return (
    <>
      <fieldset className="choice">
        <legend>Whose sessions</legend>
        {KINDS.filter((each) => isWide || !['global', 'client'].includes(each.kind)).map((each, index) => (
          <label key={each.kind} className="choice-item">
            <input
              type="radio"
              name="scope"
              checked={kind === each.kind}
              data-first={index === 0 || undefined}
              onChange={() => change(each.kind, names)}
            />
            {each.label}
          </label>
        ))}
      </fieldset>
      {(kind === 'tenant' || kind === 'user') && field('tenant', 'Tenant', !isWide)}
      {kind === 'user' && field('user', 'User')}
      {kind === 'client' && field('client', 'Client application')}
      {kind === 'session' && field('session', 'Session id')}
    </>
  )
}

const SESSION_ID = /^[A-Za-z0-9_-]{22}$/

function scopeOf(type: Kind, names: Readonly<Record<string, string>>): Scope | undefined {
  const { tenant = '', user = '', client = '', session = '' } = names
  switch (type) {
    case 'global':
      return { type }
    case 'tenant':
      return tenant === '' ? undefined : { type, tenant }
    case 'client':
      return client === '' ? undefined : { type, client }
    case 'user':
      return tenant === '' || user === '' ? undefined : { type, tenant, user }
    case 'session':
      return SESSION_ID.test(session) ? { type, session } : undefined
  }
}
