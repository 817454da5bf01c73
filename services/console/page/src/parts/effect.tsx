/** What came of a change, in a sentence that promises no more than is known. */
import type { Effect } from '../api/types.ts'
import { Mark, type MarkName } from './icons.tsx'
import { milliseconds } from './time.tsx'

const MARK_OF: Readonly<Record<Effect['state'], MarkName>> = {
  confirmed: 'good',
  recorded: 'waiting',
  unknown: 'unsure',
  pending: 'waiting',
}

export function EffectLine({ effect }: { readonly effect: Effect }) {
  return (
    <p className="effect" role="status">
      <Mark name={MARK_OF[effect.state]} />
      <span>{effectText(effect)}</span>
    </p>
  )
}

export function effectText({ state, verifiers, elapsed_ms: elapsedMs = 0 }: Effect): string {
  switch (state) {
    case 'confirmed': {
      const { total = 0, acknowledged = 0, lapsed = 0 } = verifiers ?? {}
      const rest = lapsed > 0 ? `; the lease of ${lapsed} has run out` : ''
      return `Confirmed by ${acknowledged} of ${total} verifiers in ${milliseconds(elapsedMs)}${rest}.`
    }
    case 'recorded':
      return 'In the log, and not confirmed by everybody yet.'
    case 'unknown':
      return 'Nobody can say yet whether it is in the log.'
    case 'pending':
      return 'Waiting for another operator to approve it.'
  }
}
