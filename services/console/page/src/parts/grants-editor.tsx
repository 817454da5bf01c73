/** The roles and permissions of a user: what is changed here, live sessions have with the answer. */
import { useState, type SubmitEvent } from 'react'

import { useRoles } from '../api/queries.ts'
import { namesOf, useGrantsDraft } from '../state/grants-draft.ts'
import { EffectLine } from './effect.tsx'
import { Field, REASON_LENGTH_MAX } from './field.tsx'
import { Difference, NameList, PERMISSION_NAME, ROLE_NAME } from './name-list.tsx'
import { Failure, Notice } from './notice.tsx'
import { Panel } from './panel.tsx'

export interface GrantsEditorProps {
  readonly tenant: string
  readonly user: string
  readonly isFixed: boolean
}

export function GrantsEditor({ tenant, user, isFixed }: GrantsEditorProps) {
  const draft = useGrantsDraft(tenant, user)
  const { shown, isChanged, isOvertaken, storing } = draft
  const known = useRoles(tenant).data?.roles ?? []
  const [reason, setReason] = useState('')
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    draft.store(reason.trim())
    setReason('')
  }
  return (
    <Panel
      title="Roles and permissions"
      asked={draft.asked}
      note={draft.hasNone && 'nothing has been granted yet'}
    >
      <form onSubmit={submit} className="editor">
        <NameList
          label="Roles"
          one="role"
          names={shown.roles}
          pattern={ROLE_NAME}
          suggestions={known.map(({ role }) => role)}
          isFixed={isFixed}
          onChange={(roles) => draft.change({ roles })}
        />
        <NameList
          label="Permissions of their own"
          one="permission"
          names={shown.permissions}
          pattern={PERMISSION_NAME}
          suggestions={[...new Set(known.flatMap(({ permissions }) => permissions))]}
          isFixed={isFixed}
          onChange={(permissions) => draft.change({ permissions })}
        />
        {isChanged && (
          <>
            <Difference before={namesOf(draft.stored)} after={namesOf(shown)} />
            <Field
              label="Reason (optional)"
              maxLength={REASON_LENGTH_MAX}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </>
        )}
        {isOvertaken && (
          <Notice mark="warn" isUrgent>
            Somebody else has changed these grants meanwhile. Start again from what they are now.
          </Notice>
        )}
        {storing.isError && !isOvertaken && <Failure error={storing.error} />}
        {storing.isSuccess && !isChanged && <EffectLine effect={storing.data.body} />}
        {isChanged && (
          <footer className="editor-foot">
            <button type="button" onClick={draft.discard} disabled={storing.isPending}>
              {isOvertaken ? 'Start again' : 'Discard'}
            </button>
            <button type="submit" className="primary" disabled={storing.isPending || isOvertaken}>
              {storing.isPending ? 'Saving…' : 'Save'}
            </button>
          </footer>
        )}
      </form>
    </Panel>
  )
}
