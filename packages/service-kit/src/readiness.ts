/**
 * Whether a replica should get requests now.
 * Promise: every check is named in the answer and none can hold it up for longer than a second.
 */

export interface ReadinessCheck {
  /** What is checked, for example `nats`. */
  readonly name: string
  /** True when ready; false, or a few words saying why not. Shown on `/readyz`: no addresses, no credentials. */
  check(): boolean | string | Promise<boolean | string>
}

export interface Readiness {
  readonly isReady: boolean
  /** `ok` or why not, by the name of the check. */
  readonly checks: Readonly<Record<string, string>>
}

const CHECK_TIMEOUT_MS = 1_000

export async function examine(checks: readonly ReadinessCheck[]): Promise<Readiness> {
  const verdicts = await Promise.all(
    checks.map(async (check) => [check.name, await verdictOf(check)] as const),
  )
  return { isReady: verdicts.every(([, verdict]) => verdict === 'ok'), checks: Object.fromEntries(verdicts) }
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
