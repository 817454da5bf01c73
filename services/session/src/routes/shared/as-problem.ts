/** ④ What the domain calls unavailable, as HTTP callers meet it. */
import { Problem } from '@curfew/service-kit'

import type { Unavailable } from '../../domain/log/unavailable.ts'

export function asProblem(error: unknown): unknown {
  if (!isUnavailable(error)) return error
  // What has not been stored is told apart from what may have been.
  return new Problem(error.reason === 'log-full' ? 'log-full' : 'unavailable', undefined, { cause: error })
}

function isUnavailable(error: unknown): error is Unavailable {
  return (
    error instanceof Error && 'code' in error && error.code === 'unavailable' && error.name === 'Unavailable'
  )
}
