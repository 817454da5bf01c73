/** ④ The command line of recover-operator.ts. */
import { parseArgs } from 'node:util'

import { ADMINISTRATIVE_TENANT, TenantIdSchema, UserIdSchema, type Subject } from '@curfew/contracts'
import { Value } from 'typebox/value'

export interface RecoveryArguments {
  readonly whom: Subject
  readonly reason: string
  readonly isDryRun: boolean
  readonly isConfirmed: boolean
  readonly isJson: boolean
}

const options = {
  tenant: { type: 'string', default: ADMINISTRATIVE_TENANT },
  user: { type: 'string' },
  reason: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** @throws TypeError naming the option that is at fault. */
export function readRecoveryArguments(args: string[]): RecoveryArguments {
  const { tenant, user, reason, 'dry-run': isDryRun, yes, json } = parseArgs({ args, options }).values
  if (!Value.Check(TenantIdSchema, tenant)) throw new TypeError('--tenant is no name of a tenant')
  if (!Value.Check(UserIdSchema, user)) throw new TypeError('--user is missing, or no name of a user')
  if (reason === undefined || reason.trim() === '') throw new TypeError('--reason is missing')
  return { whom: { tenant, user }, reason, isDryRun, isConfirmed: yes && !isDryRun, isJson: json }
}
