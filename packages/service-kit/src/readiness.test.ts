import { afterEach, describe, expect, it, vi } from 'vitest'

import { examine } from './readiness.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('readiness', () => {
  it('holds when every check says so', async () => {
    const checks = [
      { name: 'a', check: () => true },
      { name: 'b', check: () => Promise.resolve(true) },
    ]
    await expect(examine(checks)).resolves.toEqual({
      isReady: true,
      isDegraded: false,
      checks: { a: 'ok', b: 'ok' },
    })
    await expect(examine([])).resolves.toEqual({ isReady: true, isDegraded: false, checks: {} })
  })

  it('fails with the reason of each check that does not', async () => {
    const failing = [
      { name: 'fine', check: () => true },
      { name: 'no', check: () => false },
      { name: 'why', check: () => 'no connection' },
      { name: 'late', check: () => Promise.resolve('behind by 7') },
      {
        name: 'throws',
        check: () => {
          throw new Error('nats://session:hunter2@host')
        },
      },
      { name: 'rejects', check: () => Promise.reject(new Error('hunter2')) },
    ]
    await expect(examine(failing)).resolves.toEqual({
      isReady: false,
      isDegraded: false,
      checks: {
        fine: 'ok',
        no: 'not ready',
        why: 'no connection',
        late: 'behind by 7',
        throws: 'the check failed',
        rejects: 'the check failed',
      },
    })
  })

  it('holds, though degraded, while only an advisory check fails', async () => {
    const full = { name: 'trail', check: () => 'full', isAdvisory: true } as const
    const degraded = await examine([{ name: 'log', check: () => true }, full])
    expect(degraded).toEqual({ isReady: true, isDegraded: true, checks: { log: 'ok', trail: 'full' } })
    const lost = await examine([{ name: 'log', check: () => false }, full])
    expect(lost).toMatchObject({ isReady: false, isDegraded: false })
  })

  it('does not wait for a check that hangs', async () => {
    vi.useFakeTimers()
    const examined = examine([{ name: 'hangs', check: () => new Promise<boolean>(() => {}) }])
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(examined).resolves.toMatchObject({
      isReady: false,
      checks: { hangs: 'no answer within 1000 ms' },
    })
  })
})
