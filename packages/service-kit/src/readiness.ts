/**
 * Whether a replica should get requests now.
 * Promise: every check is named in the answer and none can hold it up for longer than a second.
 */

export interface ReadinessCheck {
  /** What is checked, for example `nats`. */
  readonly name: string
  /** True when ready; false, or a few words saying why not. Shown on `/readyz`: no addresses, no credentials. */
  check(): boolean | string | Promise<boolean | string>
  /**
   * True for what all replicas lack alike and most requests do without. Taking every replica out of service because of it
   * would cost more than it saves, so the answer stays 200 and says `degraded`.
   */
  readonly isAdvisory?: true
}

export interface Readiness {
  readonly isReady: boolean
  /** Ready, though an advisory check fails. */
  readonly isDegraded: boolean
  /** `ok` or why not, by the name of the check. */
  readonly checks: Readonly<Record<string, string>>
}

const CHECK_TIMEOUT_MS = 1_000

export async function examine(checks: readonly ReadinessCheck[]): Promise<Readiness> {
  const verdicts = await Promise.all(
    checks.map(async (check) => ({ check, verdict: await verdictOf(check) })),
  )
  const failing = verdicts.filter(({ verdict }) => verdict !== 'ok')
  const isReady = failing.every(({ check }) => check.isAdvisory === true)
  return {
    isReady,
    isDegraded: isReady && failing.length > 0,
    checks: Object.fromEntries(verdicts.map(({ check, verdict }) => [check.name, verdict])),
  }
}

async function verdictOf(check: ReadinessCheck): Promise<string> {
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(`no answer within ${CHECK_TIMEOUT_MS} ms`), CHECK_TIMEOUT_MS)
  try {
    const result = await Promise.race([check.check(), late.promise])
    if (typeof result === 'string') return result
    return result ? 'ok' : 'not ready'
  } catch {
    return 'the check failed'
  } finally {
    clearTimeout(timer)
  }
}
