import { formatPosition, type LogEntry } from '@curfew/contracts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { LogView } from '../../domain/log/log-view.ts'
import { Projector } from './projector.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const ENOUGH = 50

describe('Projector', () => {
  it('does not write again and again into a Redis that went back, while the view cannot start again', async () => {
    const view = new LogView()
    view.reset(formatPosition(1, 5), [], { epoch: 1 })
    const entry: LogEntry = {
      v: 1,
      id: 'r',
      type: 'revoked',
      at: '',
      actor: 'system',
      scope: { type: 'global' },
    }
    view.apply(entry, formatPosition(1, 6))
    let writes = 0
    const target = {
      write: () => ((writes += 1) < ENOUGH ? Promise.resolve() : new Promise<void>(() => undefined)),
      advance: () => Promise.resolve(formatPosition(1, 3)),
    }
    const stale = vi.fn()
    const projector = new Projector({ view, target, onStale: stale, onAhead: vi.fn(), onFailure: vi.fn() })

    projector.start()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(stale).toHaveBeenCalledWith('redis-rewound')
    expect(writes).toBeLessThan(ENOUGH / 2)
    expect(writes).toBeGreaterThan(1)
  })
})
