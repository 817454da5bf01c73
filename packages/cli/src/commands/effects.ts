/**
 * What every change ends with: whether it holds everywhere.
 * Promise: only `confirmed` is shown as done and only it is exit code 0.
 */
import type { Effect } from '../api/answers.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Output } from '../terminal/output.ts'
import { msText } from '../terminal/times.ts'

export function exitFor({ state }: Pick<Effect, 'state'>): ExitCode {
  return state === 'confirmed' ? EXIT.done : EXIT.unconfirmed
}

/** One line. */
export function showEffect(output: Output, effect: Effect): void {
  const { state, verifiers, elapsed_ms } = effect
  switch (state) {
    case 'confirmed': {
      const { acknowledged = 0, lapsed = 0, total = 0 } = verifiers ?? {}
      const lapse = lapsed === 0 ? '' : `, ${lapsed} by the end of their lease`
      output.line(
        output.tone('green', `✔ confirmed by ${acknowledged + lapsed} of ${total} verifiers`) +
          `${lapse}, in ${msText(elapsed_ms)}`,
      )
      break
    }
    case 'recorded':
      output.line(
        output.tone(
          'yellow',
          '● recorded, not confirmed: it will hold everywhere, and somebody has yet to say so',
        ),
      )
      break
    case 'unknown':
      output.line(output.tone('yellow', '? unknown: it may or may not have been recorded'))
      break
  }
}
