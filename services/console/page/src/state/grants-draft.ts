/**
 * Changes to a user's grants that have been begun, and what has become of them.
 * Promise: they go on top of what was shown when they were begun, or not at all.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { callForAnswer } from '../api/client.ts'
import { isCode } from '../api/problem.ts'
import { subjectPath, useGrants } from '../api/queries.ts'
import type { Effect, Grants } from '../api/types.ts'

export interface Draft {
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  /** Of what it was begun from; undefined where there was nothing yet. */
  readonly etag: string | undefined
}

const NOTHING: Draft = { roles: [], permissions: [], etag: undefined }

export function useGrantsDraft(tenant: string, user: string) {
  const grants = useGrants(tenant, user)
  const client = useQueryClient()
  const [draft, setDraft] = useState<Draft>()
  const hasNone = isCode(grants.error, 'not-found')
  const stored: Draft = grants.data === undefined ? NOTHING : { ...grants.data.body, etag: grants.data.etag }
  const storing = useMutation({
    mutationFn: ({ reason, of: { roles, permissions, etag } }: { reason: string; of: Draft }) =>
      callForAnswer<Grants & Effect>('PUT', `${subjectPath(tenant, user)}/grants`, {
        body: { roles, permissions, ...(reason !== '' && { reason }) },
        headers: etag === undefined ? { 'if-none-match': '*' } : { 'if-match': etag },
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['grants', tenant, user] })
      setDraft(undefined)
      void client.invalidateQueries({ queryKey: ['/v1/audit'] })
    },
  })
  return {
    asked: hasNone ? { ...grants, data: NOTHING, error: null } : grants,
    hasNone,
    stored,
    shown: draft ?? stored,
    isChanged: draft !== undefined && namesOf(draft).join() !== namesOf(stored).join(),
    /** Somebody else was faster. */
    isOvertaken: draft !== undefined && draft.etag !== stored.etag,
    storing,
    change: (part: Partial<Draft>): void => {
      storing.reset()
      setDraft({ ...(draft ?? stored), ...part })
    },
    store: (reason: string): void => {
      if (draft !== undefined) storing.mutate({ reason, of: draft })
    },
    discard: (): void => {
      storing.reset()
      setDraft(undefined)
    },
  }
}

export function namesOf({ roles, permissions }: Draft): readonly string[] {
  return [...roles, ...permissions]
}
