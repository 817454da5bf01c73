/**
 * The rules about permissions that are taken away and given back under open sessions.
 */
import { statusOf, type Evidence, type Violation } from './evidence.ts'
import type { Settled } from './coverage.ts'
import type { Check, Login } from './history.ts'

export function permissionFaults(evidence: Evidence): Violation[] {
  return [...evidence.logins.values()].flatMap((login) => {
    const changes = permissionChangesOf(evidence, login)
    const checks = evidence.checksOf(login.session).filter(({ needs }) => needs !== 'nothing')
    return checks.flatMap((check) => {
      const rule = brokenRule(changes, check)
      return rule === undefined ? [] : [{ rule, evidence: [login, ...evidenceOf(changes, check), check] }]
    })
  })
}

/** In the order in which they were asked for. */
function permissionChangesOf({ changes }: Evidence, { tenant, user }: Login): Settled[] {
  return changes.filter(
    ({ change: { what } }) => what.type === 'permission' && what.tenant === tenant && what.user === user,
  )
}

function brokenRule(changes: readonly Settled[], check: Check): string | undefined {
  const isAdmitted = check.outcome === 'admitted'
  if (!isAdmitted && statusOf(check) !== 403) return undefined
  const certain = certainlyGranted(changes, check)
  if (isAdmitted && certain === false) return 'a permission worked after its withdrawal had been confirmed'
  if (!isAdmitted && certain === true) return 'a permission that nobody had taken away was missing'
  return undefined
}

/** Whether the permission is there during all of the check; undefined when that cannot be known from outside. */
function certainlyGranted(changes: readonly Settled[], check: Check): boolean | undefined {
  let isGranted: boolean | undefined = true
  // What was never answered may take effect later, after what was said since.
  let ghosts = new Set<boolean>()
  for (const settled of changes) {
    const { change, confirmedMs, isOpen } = settled
    if (change.startMs > check.endMs) break
    const wanted = wantedBy(settled)
    if (isOpen) ghosts.add(wanted)
    isGranted = confirmedMs <= check.startMs ? wanted : isGranted === wanted ? wanted : undefined
  }
  const contradicts = isGranted !== undefined && ghosts.has(!isGranted)
  return contradicts ? undefined : isGranted
}

function wantedBy({ change: { what } }: Settled): boolean {
  return what.type === 'permission' && what.isGranted
}

function evidenceOf(changes: readonly Settled[], check: Check) {
  return changes
    .filter(({ change }) => change.startMs <= check.endMs)
    .flatMap(({ change, tries }) => [change, ...tries])
}
