/** ⑤ What it means for this service when the log cannot be opened. */
import type { Position } from '@curfew/contracts'
import { LogError } from '@curfew/revocation-log'

export function isMissing(error: unknown): boolean {
  return error instanceof LogError && error.code === 'LOG_MISSING'
}

/** It is shorter than it was, or another one: for ever. */
export function isRolledBack(error: unknown): error is LogError {
  return error instanceof LogError && error.code === 'LOG_ROLLED_BACK'
}

export function missingLog(projected: Position): string {
  return (
    `Redis knows the revocation log up to ${projected}, but NATS has no stream of it. ` +
    'Restore the data of JetStream; or, to begin anew without sessions and grants, remove the keys curfew:* from Redis.'
  )
}
