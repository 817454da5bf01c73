/** Log positions as people read them: `1.42` for epoch 1, entry 42. */
import { parsePosition } from '@curfew/contracts'

export function positionText(position: string | null): string {
  if (position === null) return 'unknown'
  const parsed = parsePosition(position)
  return parsed === undefined ? position : `${parsed.epoch}.${parsed.seq}`
}
