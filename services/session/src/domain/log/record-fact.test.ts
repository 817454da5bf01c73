import { formatPosition } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { FactLog } from './ports.ts'
import { takeEffect } from './record-fact.ts'

const confirmation = {
  confirmedBy: 'acknowledgement',
  verifiers: { total: 1, acknowledged: 1, lapsed: 0 },
} as const

describe('what has taken effect', () => {
  it('is not called confirmed once the log is known to have gone back, though it had been', async () => {
    const state = { isFrozen: false, confirm: () => Promise.resolve(confirmation) }
    const projection = {
      waitFor: async () => {
        // It takes its time, and meanwhile the broker came back without the entry.
        await Promise.resolve()
        state.isFrozen = true
        return true
      },
    }
    const effect = await takeEffect(
      { log: state as unknown as FactLog, projection },
      formatPosition(1, 5),
      {},
    )
    expect(effect).toEqual({ kind: 'unknown' })
  })
})
