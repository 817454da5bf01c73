import { describe, expect, it } from 'vitest'

import type { Instant } from './elapsed.ts'
import { LeaseHolder } from './lease.ts'

const LEASE_MS = 5000
const at = (ms: number, wallOffsetMs = 0): Instant => ({
  monotonicMs: ms,
  wallMs: 1_000_000 + ms + wallOffsetMs,
})
const grant = (barrier: number) => ({ epoch: 1, barrier, leaseMs: LEASE_MS })

function holding(sentAt: Instant, barrier = 10): LeaseHolder {
  const lease = new LeaseHolder()
  lease.requested('n1', sentAt)
  lease.granted('n1', grant(barrier))
  return lease
}

describe('a lease', () => {
  it('is usable until just before L(1 − ρ) after the request was sent', () => {
    const lease = holding(at(0))
    expect(lease.isUsable(at(4499), 10)).toBe(true)
    expect(lease.isUsable(at(4500), 10)).toBe(false)
  })

  it('counts from the request, however late the answer came', () => {
    const lease = new LeaseHolder()
    lease.requested('n1', at(0))
    lease.granted('n1', grant(10))
    expect(lease.isUsable(at(4400), 10)).toBe(true)
    expect(lease.remainingMs(at(4400))).toBe(100)
  })

  it('is worth nothing before the barrier has been applied', () => {
    const lease = holding(at(0), 10)
    expect(lease.isUsable(at(1), 9)).toBe(false)
    expect(lease.isUsable(at(1), 10)).toBe(true)
  })

  it('ends early when the wall clock jumps forward, as it does after a suspended machine wakes', () => {
    expect(holding(at(0)).isUsable(at(100, 5000), 10)).toBe(false)
  })

  it('is not prolonged by a wall clock set back', () => {
    expect(holding(at(0)).isUsable(at(4500, -3_600_000), 10)).toBe(false)
  })

  it('ignores an answer that nobody waits for: unknown, repeated, or from before a drop', () => {
    const lease = new LeaseHolder()
    lease.granted('forged', grant(10))
    expect(lease.isUsable(at(1), 10)).toBe(false)

    lease.requested('n1', at(0))
    lease.drop()
    lease.granted('n1', grant(10))
    expect(lease.isUsable(at(1), 10)).toBe(false)
  })

  it('is not shortened by an older answer that was overtaken', () => {
    const lease = new LeaseHolder()
    lease.requested('n1', at(0))
    lease.requested('n2', at(2000))
    lease.granted('n2', grant(12))
    lease.granted('n1', grant(10))
    expect(lease.isUsable(at(6000), 11)).toBe(false)
    expect(lease.isUsable(at(6000), 12)).toBe(true)
  })

  it('goes on under the earlier grant until the barrier of the newer one has been applied', () => {
    const lease = holding(at(0), 10)
    expect(lease.isUsable(at(1), 10)).toBe(true)
    lease.requested('n2', at(1600))
    lease.granted('n2', grant(14))
    expect(lease.isUsable(at(1700), 13)).toBe(true)
    expect(lease.isUsable(at(4500), 13)).toBe(false)
    expect(lease.isUsable(at(4500), 14)).toBe(true)
  })

  it('forgets requests that were never answered', () => {
    const lease = new LeaseHolder()
    for (let n = 0; n < 100; n += 1) lease.requested(`n${n}`, at(n))
    lease.granted('n0', grant(10))
    expect(lease.isUsable(at(100), 99)).toBe(false)
    lease.granted('n99', grant(11))
    expect(lease.isUsable(at(100), 99)).toBe(true)
  })
})
