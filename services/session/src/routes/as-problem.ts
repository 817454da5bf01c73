/** ④ What the domain calls unavailable, as HTTP callers meet it. */
import { Problem } from '@curfew/service-kit'

export function asProblem(error: unknown): unknown {
  return isUnavailable(error) ? new Problem('unavailable', undefined, { cause: error }) : error
}

function isUnavailable(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && error.code === 'unavailable' && error.name === 'Unavailable'
  )
}
