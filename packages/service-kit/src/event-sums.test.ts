import type { SecurityEvent, TenantId, UserId } from '@curfew/contracts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { EventSums } from './event-sums.ts'

let told: SecurityEvent[]
let sums: EventSums
beforeEach(() => {
  vi.useFakeTimers()
  told = []
  sums = new EventSums({ tell: (event) => told.push(event), windowMs: 60_000, subjectsMax: 100 })
})
afterEach(() => {
  sums.close()
  vi.useRealTimers()
})

const refused = (changes: Partial<SecurityEvent> = {}): SecurityEvent => ({
  type: 'login.refused',
  actor: 'anonymous',
  outcome: 'refused',
  reason: 'wrong-password',
  ...changes,
})
const ofAlice = { tenant: 'acme' as TenantId, user: 'alice' as UserId }
const network = (nth: number): string => `10.${nth >> 8}.${nth & 255}.0/24`

describe('refusals of one account', () => {
  it('are told once at once and then as a count with the networks that they came from', () => {
    for (let nth = 0; nth < 500; nth += 1)
      sums.note(refused({ ...ofAlice, addressClass: network(nth % 3), requestId: `r${nth}` }))
    expect(told).toEqual([refused({ ...ofAlice, addressClass: network(0), requestId: 'r0' })])
    vi.advanceTimersByTime(60_000)
    expect(told.slice(1)).toEqual([
      refused({ ...ofAlice, effect: '499 more within 60 s, from 3 networks', count: 499 }),
    ])
  })

  it('begin anew with each window, and one that nothing was added to is not told twice', () => {
    sums.note(refused(ofAlice))
    vi.advanceTimersByTime(60_000)
    sums.note(refused(ofAlice))
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([refused(ofAlice), refused(ofAlice)])
  })
})

describe('refusals without an account', () => {
  it('are summed by network, reason and client', () => {
    const unknown = { reason: 'unknown-account' }
    for (let nth = 0; nth < 20; nth += 1) {
      sums.note(refused({ ...unknown, addressClass: network(1) }))
      sums.note(refused({ ...unknown, addressClass: network(2) }))
    }
    expect(told).toHaveLength(2)
    vi.advanceTimersByTime(60_000)
    expect(told.slice(2)).toEqual([
      refused({ ...unknown, addressClass: network(1), effect: '19 more within 60 s', count: 19 }),
      refused({ ...unknown, addressClass: network(2), effect: '19 more within 60 s', count: 19 }),
    ])
  })

  it('from more networks than anybody could list cost a bounded number of events, and all are counted', () => {
    for (let nth = 0; nth < 10_000; nth += 1) sums.note(refused({ addressClass: network(nth) }))
    sums.note({ type: 'csrf.refused', actor: 'anonymous', outcome: 'refused', reason: 'missing' })
    vi.advanceTimersByTime(60_000)
    expect(told).toHaveLength(102)
    expect(told.slice(100)).toEqual([
      {
        type: 'login.refused',
        actor: 'anonymous',
        outcome: 'refused',
        effect: '9900 more within 60 s, from 100 networks or more',
        count: 9_900,
      },
      {
        type: 'csrf.refused',
        actor: 'anonymous',
        outcome: 'refused',
        effect: '1 more within 60 s',
        count: 1,
      },
    ])
  })
})

it('events of which several of one account are told are summed from the next one on, for each account by itself', () => {
  sums.close()
  sums = new EventSums({ tell: (event) => told.push(event), windowMs: 60_000, eachMax: 3 })
  const redeemed = { type: 'claim.redeemed', actor: 'acme/alice', outcome: 'done', ...ofAlice } as const
  const bobs = { ...redeemed, actor: 'acme/bob', user: 'bob' as UserId }
  for (let nth = 0; nth < 10; nth += 1) sums.note(redeemed)
  for (let nth = 0; nth < 3; nth += 1) sums.note(bobs)
  expect(told).toEqual([redeemed, redeemed, redeemed, bobs, bobs, bobs])
  vi.advanceTimersByTime(60_000)
  expect(told.slice(6)).toEqual([{ ...redeemed, effect: '7 more within 60 s', count: 7 }])
})

it('what has been counted is told when the service stops', () => {
  sums.note(refused(ofAlice))
  sums.note(refused(ofAlice))
  sums.close()
  expect(told.map(({ count }) => count)).toEqual([undefined, 1])
  sums.note(refused(ofAlice))
  expect(told).toHaveLength(3)
})
