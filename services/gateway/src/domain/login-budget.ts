/**
 * ① How often one account may log in within a day, over all its devices and addresses.
 * Promise: an owner, or anybody who knows the password, cannot fill the log and the audit trail for all the others.
 */
import type { Subject } from '@curfew/contracts'

import type { Throttle, UsedUp } from '../ports.ts'

export interface LoginBudget {
  /** Undefined when the account, whose password has been right, may begin one more session. */
  take(subject: Subject): Promise<UsedUp | undefined>
}

const DAY_SECONDS = 86_400

export function createLoginBudget(throttle: Throttle, loginsPerDay: number): LoginBudget {
  const policy = { name: 'account-logins', quota: loginsPerDay, windowSeconds: DAY_SECONDS }
  return {
    async take({ tenant, user }) {
      const [taken] = await throttle.take([{ policy, key: ['account', tenant, user], cost: 1 }])
      if (taken === undefined) throw new Error('the throttle has left out an answer')
      return taken.allowed ? undefined : { policy, resetMs: taken.resetMs }
    },
  }
}
