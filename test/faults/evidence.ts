/**
 * What the rules of the checker share: the promises, a history sorted for them, and how they report.
 */
import type { ControlClock } from './control-clock.ts'
import type { Settled } from './coverage.ts'
import type { Check, Entry, Fault, Login } from './history.ts'

export interface Promises {
  /** W: no lease outlives an entry for longer. */
  readonly waitMs: number
  /** How soon after a fault everybody is served again, by the control clock. */
  readonly recoveryMs: number
  /** A machine that keeps the system from running for so long within W keeps it from renewing its leases. */
  readonly starvedMs: number
}

export interface Violation {
  readonly rule: string
  /** What contradicts the rule, the decisive one last. */
  readonly evidence: readonly Entry[]
}

/** A history, sorted once for all rules. */
export interface Evidence extends Promises {
  readonly logins: ReadonlyMap<string, Login>
  readonly checks: readonly Check[]
  readonly checksOf: (session: string) => readonly Check[]
  readonly changes: readonly Settled[]
  readonly faults: readonly Fault[]
  readonly clock: ControlClock
}

export function statusOf({ outcome }: Check): number | undefined {
  return typeof outcome === 'object' ? outcome.status : undefined
}
