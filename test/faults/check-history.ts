/**
 * Holds a history against what Curfew promises. Pure.
 * Promise: what it reports cannot have happened in a system that keeps its word; starved observers and answers that were
 * never heard excuse what they can explain, and nothing else.
 */
import { refusalFaults } from './check-admissions.ts'
import { availabilityFaults } from './check-availability.ts'
import { permissionFaults } from './check-permissions.ts'
import { ControlClock } from './control-clock.ts'
import { settledChanges } from './coverage.ts'
import type { Evidence, Promises, Violation } from './evidence.ts'
import type { Entry } from './history.ts'

export function checkHistory(entries: readonly Entry[], promises: Promises): Violation[] {
  const checks = entries.filter((entry) => entry.kind === 'check')
  const bySession = Map.groupBy(checks, ({ session }) => session)
  const logins = entries.filter((entry) => entry.kind === 'login')
  const evidence: Evidence = {
    ...promises,
    checks,
    checksOf: (session) => bySession.get(session) ?? [],
    logins: new Map(logins.map((login) => [login.session, login])),
    changes: settledChanges(entries),
    faults: entries
      .filter((entry) => entry.kind === 'fault')
      .toSorted((one, other) => one.startMs - other.startMs),
    clock: new ControlClock(entries),
  }
  return [...refusalFaults(evidence), ...permissionFaults(evidence), ...availabilityFaults(evidence)]
}
