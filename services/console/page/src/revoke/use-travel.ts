/** A revocation under way: who has been named to acknowledge it, and what is known of its end. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { ApiProblem, isAway } from '../api/problem.ts'
import type { NamedVerifier } from '../api/revoke.ts'
import type { RevocationResult } from '../api/types.ts'

type Start<T> = (
  what: T,
  onRecorded: (verifiers: readonly NamedVerifier[]) => void,
) => Promise<RevocationResult | undefined>

const CHANGED = ['/v1/sessions', '/v1/revocations', '/v1/approvals', '/v1/audit', 'statistics']

export function useTravel<T>(start: Start<T>) {
  const [verifiers, setVerifiers] = useState<readonly NamedVerifier[]>()
  const client = useQueryClient()
  const travelling = useMutation({
    mutationFn: (what: T) => start(what, setVerifiers),
    onSettled: () => Promise.all(CHANGED.map((name) => client.invalidateQueries({ queryKey: [name] }))),
  })
  const { error, isSuccess, isError, data } = travelling
  // A refusal is certain; an answer that is lost does not tell whether anything has happened.
  const refusal = error instanceof ApiProblem && !isAway(error) ? error : undefined
  return {
    begin: travelling.mutate,
    isIdle: travelling.isIdle,
    isPending: travelling.isPending,
    refusal,
    verifiers,
    isLost: (isError && refusal === undefined) || (isSuccess && data === undefined),
    result: data,
  }
}
