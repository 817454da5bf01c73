/** Amounts as people read them. A count that is not exact is not shown as one. */
import type { SessionCount } from '../api/answers.ts'

/** `1 entry`, `12 entries` */
export function counted(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`
}

/** `12 sessions`, `12 to 5048 sessions`, `at least 12 sessions` */
export function sessionsText({ sessions, exact, at_most: atMost }: SessionCount): string {
  if (exact) return counted(sessions, 'session')
  if (typeof atMost === 'number') return `${sessions} to ${counted(atMost, 'session')}`
  return `at least ${counted(sessions, 'session')}`
}

/** Undefined where the server does not count at all. */
export function endedText({
  ended,
}: {
  readonly ended?: SessionCount | null | undefined
}): string | undefined {
  return ended === null ? 'not counted' : ended && sessionsText(ended)
}
