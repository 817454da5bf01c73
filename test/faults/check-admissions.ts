/**
 * The rules about sessions that are over, and about those that are not.
 */
import { statusOf, type Evidence, type Violation } from './evidence.ts'
import { certainlyCovers, possiblyCovers, type Settled } from './coverage.ts'
import type { Check, Login } from './history.ts'

/** What a session replica answers about a session that is over, and what a verifier does. */
const ENDED: ReadonlySet<number | undefined> = new Set([401, 404])

export function refusalFaults(evidence: Evidence): Violation[] {
  return [...evidence.logins.values()].flatMap((login) => [
    ...admittedAfterRevocation(evidence, login),
    ...admittedAfterRefusal(evidence, login),
    ...wronglyRefused(evidence, login),
    ...notAsItShouldEnd(evidence, login),
  ])
}

function admittedAfterRevocation({ changes, checksOf, waitMs }: Evidence, login: Login): Violation[] {
  return changes
    .filter((settled) => certainlyCovers(settled, login))
    .flatMap((settled) => {
      const { confirmedMs, acknowledgedMs } = settled
      const atLatestMs = Math.min(confirmedMs, acknowledgedMs + waitMs)
      const rule =
        atLatestMs === confirmedMs
          ? 'a session was admitted after its revocation had been confirmed'
          : 'a session was admitted W after its revocation had been recorded'
      return checksOf(login.session)
        .filter(({ outcome, startMs }) => outcome === 'admitted' && startMs >= atLatestMs)
        .map((check) => ({ rule, evidence: [login, settled.change, ...settled.tries, check] }))
    })
}

/** A refusal proves that the end of the session is in the log: by W later it is known everywhere. */
function admittedAfterRefusal({ checksOf, waitMs }: Evidence, login: Login): Violation[] {
  const checks = checksOf(login.session)
  const refusal = checks
    .filter((check) => statusOf(check) === 401)
    .reduce<Check | undefined>(
      (first, check) => (first && first.endMs <= check.endMs ? first : check),
      undefined,
    )
  if (refusal === undefined) return []
  return checks
    .filter(({ outcome, startMs }) => outcome === 'admitted' && startMs >= refusal.endMs + waitMs)
    .map((check) => ({
      rule: 'a session came back to life after it had been refused',
      evidence: [login, refusal, check],
    }))
}

function wronglyRefused(evidence: Evidence, login: Login): Violation[] {
  return evidence
    .checksOf(login.session)
    .filter((check) => ENDED.has(statusOf(check)) && !mayBeOver(evidence, login, check))
    .map((check) => ({ rule: 'a session that nobody had ended was refused', evidence: [login, check] }))
}

function mayBeOver({ changes, faults }: Evidence, login: Login, check: Check): boolean {
  return (
    changes.some((settled) => settled.change.startMs <= check.endMs && possiblyCovers(settled, login)) ||
    faults.some(
      ({ startMs, sessionsLostSinceMs: since }) =>
        since !== undefined && startMs <= check.endMs && login.endMs >= since,
    )
  )
}

/** Once everything is repaired there is no more excuse: neither a 503 for what is over nor one for what is not. */
function notAsItShouldEnd(evidence: Evidence, login: Login): Violation[] {
  const { changes, faults, checksOf } = evidence
  const ending = changes.find(
    (settled) => certainlyCovers(settled, login) && settled.acknowledgedMs < Infinity,
  )
  const isUntouched =
    !changes.some((settled) => possiblyCovers(settled, login)) &&
    !faults.some(({ sessionsLostSinceMs: since }) => since !== undefined && login.endMs >= since)
  return checksOf(login.session).flatMap((check) => {
    if (!check.isFinal) return []
    if (ending && !ENDED.has(statusOf(check)))
      return [violationOf('an acknowledged revocation does not hold in the end', login, check, ending)]
    if (isUntouched && check.outcome !== 'admitted')
      return [violationOf('a live session is not served in the end', login, check)]
    return []
  })
}

function violationOf(rule: string, login: Login, check: Check, settled?: Settled): Violation {
  return { rule, evidence: [login, ...(settled ? [settled.change, ...settled.tries] : []), check] }
}
