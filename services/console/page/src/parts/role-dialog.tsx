/** What a role allows. Whoever has it, has the change with the answer, in live sessions too. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'

import { call } from '../api/client.ts'
import type { Effect, Role } from '../api/types.ts'
import { ChangeFoot, Dialog } from './dialog.tsx'
import { EffectLine } from './effect.tsx'
import { Field, REASON_LENGTH_MAX } from './field.tsx'
import { Difference, NameList, PERMISSION_NAME, ROLE_NAME } from './name-list.tsx'
import { Failure } from './notice.tsx'

export interface RoleDialogProps {
  /** Undefined for a new one. */
  readonly role: Role | undefined
  readonly tenant: string
  readonly onClose: () => void
}

export function RoleDialog({ role, tenant, onClose }: RoleDialogProps) {
  const [name, setName] = useState(role?.role ?? '')
  const [permissions, setPermissions] = useState(role?.permissions ?? [])
  const [reason, setReason] = useState('')
  const client = useQueryClient()
  const storing = useMutation({
    mutationFn: () => storeRole({ tenant, role: name, permissions }, reason.trim()),
    onSuccess: () => client.invalidateQueries({ queryKey: ['roles'] }),
  })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    storing.mutate()
  }
  const isReady = ROLE_NAME.test(name) && !storing.isPending
  const isDone = storing.isSuccess
  return (
    <Dialog
      title={role === undefined ? 'New role' : `Role ${role.role} of ${role.tenant}`}
      onClose={onClose}
      isHeld={storing.isPending}
    >
      <form className="dialog-body" onSubmit={submit}>
        {role === undefined && (
          <Field
            label="Name"
            required
            data-first
            value={name}
            onChange={(event) => setName(event.target.value.trim())}
          />
        )}
        <NameList
          label="Permissions"
          one="permission"
          names={permissions}
          pattern={PERMISSION_NAME}
          suggestions={[]}
          isFixed={isDone}
          onChange={setPermissions}
        />
        {!isDone && <Difference before={role?.permissions ?? []} after={permissions} />}
        <Field
          label="Reason (optional)"
          maxLength={REASON_LENGTH_MAX}
          readOnly={isDone}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        {storing.isError && <Failure error={storing.error} />}
        {isDone && <EffectLine effect={storing.data} />}
        <ChangeFoot
          isDone={isDone}
          isReady={isReady}
          action="Save for everybody who has it"
          onClose={onClose}
        />
      </form>
    </Dialog>
  )
}

function storeRole({ tenant, role, permissions }: Role, reason: string): Promise<Effect> {
  const path = `/v1/tenants/${encodeURIComponent(tenant)}/roles/${encodeURIComponent(role)}`
  return call('PUT', path, { body: { permissions, ...(reason !== '' && { reason }) } })
}
