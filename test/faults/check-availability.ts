/**
 * The rules about answers that are no verdict: when they may be given, how, and for how long.
 */
import { statusOf, type Evidence, type Violation } from './evidence.ts'
import { possiblyCovers } from './coverage.ts'
import type { Check, Fault, Login } from './history.ts'

const VERDICTS: ReadonlySet<number | undefined> = new Set([401, 403, 404])
/** What a proxy says of a process behind it that is dead or silent. */
const FROM_BEHIND: ReadonlySet<number | undefined> = new Set([502, 504])

export function availabilityFaults(evidence: Evidence): Violation[] {
  return [
    ...evidence.faults
      .filter(({ proof }) => proof === '')
      .map((fault) => ({ rule: 'a fault was not proven', evidence: [fault] })),
    ...evidence.checks.flatMap((check) => wrongKindOfAnswer(evidence, check)),
    ...[...evidence.logins.values()].flatMap((login) => notServed(evidence, login)),
    ...neverServedAgain(evidence),
  ]
}

function wrongKindOfAnswer({ faults }: Evidence, check: Check): Violation[] {
  const { outcome, at } = check
  if (outcome === 'admitted' || VERDICTS.has(statusOf(check))) return []
  if (outcome === 'unreachable')
    return excused(faults, check, at[0]) ? [] : [{ rule: 'a live process did not answer', evidence: [check] }]
  if (outcome.status === 503)
    return outcome.retryAfter ? [] : [{ rule: 'a 503 without Retry-After', evidence: [check] }]
  if (FROM_BEHIND.has(outcome.status) && at.slice(1).some((behind) => excused(faults, check, behind)))
    return []
  return [{ rule: 'an outage was not answered with 503', evidence: [check] }]
}

function excused(faults: readonly Fault[], check: Check, process: string): boolean {
  return faults.some((fault) => fault.dead.includes(process) && overlaps(fault, check))
}

function overlaps(fault: Fault, { startMs, endMs }: Check): boolean {
  return fault.startMs <= endMs && startMs <= fault.endMs
}

/** A session that is live, and nobody's business but its own, is admitted wherever no fault explains otherwise. */
function notServed(evidence: Evidence, login: Login): Violation[] {
  const { clock } = evidence
  const changes = evidence.changes.filter(
    (settled) =>
      possiblyCovers(settled, login) ||
      (settled.change.what.type === 'permission' &&
        settled.change.what.tenant === login.tenant &&
        settled.change.what.user === login.user),
  )
  const undisputedUntilMs = Math.min(Infinity, ...changes.map(({ change }) => change.startMs))
  return evidence.checksOf(login.session).flatMap((check) => {
    if (check.outcome === 'admitted' || VERDICTS.has(statusOf(check))) return []
    if (check.endMs >= undisputedUntilMs) return []
    if (clock.starvedMs(check.startMs - evidence.waitMs, check.endMs) >= evidence.starvedMs) return []
    const relevant = evidence.faults.filter((fault) => fault.startMs <= check.endMs && affects(fault, check))
    if (relevant.some(({ endMs }) => clock.elapsedMs(endMs, check.startMs) <= evidence.recoveryMs)) return []
    const rule =
      relevant.length > 0
        ? 'not served again in time after a fault'
        : 'not served although nothing was wrong there'
    return [{ rule, evidence: [login, ...relevant, check] }]
  })
}

function affects({ affected, spared }: Fault, { at, session }: Check): boolean {
  if (spared?.includes(session)) return false
  return affected === 'all' || at.some((process) => affected.includes(process))
}

function neverServedAgain({ faults, checks }: Evidence): Violation[] {
  const places = new Set(checks.filter(({ isFinal }) => !isFinal).map(({ at }) => at[0]))
  return faults.flatMap((fault) =>
    [...places]
      .filter(
        (place) =>
          !checks.some(
            ({ at, outcome, startMs }) => at[0] === place && outcome === 'admitted' && startMs >= fault.endMs,
          ),
      )
      .map((place) => ({ rule: `${place} admitted nobody after a fault`, evidence: [fault] })),
  )
}
