import type { MemberId } from '@curfew/contracts'
import { describe, expect, it, vi } from 'vitest'

import { LeaseGranter, type GranterState } from './lease-granter.ts'

const member = 'gw-1' as MemberId
const state: GranterState = {
  epoch: 1,
  leaseMsAt: () => 5000,
  wasMemberAt: (id) => id === member,
}

describe('the granter', () => {
  it('grants when the barrier of the batch has come back, and not before', () => {
    const granter = new LeaseGranter()
    const reply = vi.fn()
    granter.request({ member, reply })
    granter.stored(12, granter.takeBatch())
    granter.applied(11, state)
    expect(reply).not.toHaveBeenCalled()
    granter.applied(12, state)
    expect(reply).toHaveBeenCalledExactlyOnceWith({ epoch: 1, barrier: 12, leaseMs: 5000 })
  })

  it('never serves a request with a barrier that was on its way when the request arrived', () => {
    const granter = new LeaseGranter()
    const [early, late] = [vi.fn(), vi.fn()]
    granter.request({ member, reply: early })
    const batch = granter.takeBatch()
    granter.request({ member, reply: late })
    granter.stored(12, batch)
    granter.applied(12, state)
    expect(early).toHaveBeenCalledOnce()
    expect(late).not.toHaveBeenCalled()
    granter.stored(13, granter.takeBatch())
    granter.applied(13, state)
    expect(late).toHaveBeenCalledExactlyOnceWith({ epoch: 1, barrier: 13, leaseMs: 5000 })
  })

  it('refuses who is no member at the time the barrier came back', () => {
    const granter = new LeaseGranter()
    const reply = vi.fn()
    granter.request({ member: 'evicted' as MemberId, reply })
    granter.stored(12, granter.takeBatch())
    granter.applied(15, state)
    expect(reply).toHaveBeenCalledExactlyOnceWith({ refused: 'not-a-member' })
  })

  it('asks about membership as of the barrier, not as of what has been read beyond it', () => {
    const granter = new LeaseGranter()
    const reply = vi.fn()
    granter.request({ member, reply })
    granter.stored(12, granter.takeBatch())
    const joinedAt = 14
    granter.applied(15, { ...state, wasMemberAt: (_, barrier) => joinedAt < barrier })
    expect(reply).toHaveBeenCalledExactlyOnceWith({ refused: 'not-a-member' })
  })

  it('grants nothing with a barrier from before the length of leases was changed', () => {
    const granter = new LeaseGranter()
    const reply = vi.fn()
    granter.request({ member, reply })
    granter.stored(12, granter.takeBatch())
    granter.applied(15, { ...state, leaseMsAt: (barrier) => (barrier < 14 ? undefined : 60_000) })
    expect(reply).toHaveBeenCalledExactlyOnceWith({ refused: 'unavailable' })
  })

  it('grants nothing that was under way when it was reset, and says so to everyone', () => {
    const granter = new LeaseGranter()
    const replies = [vi.fn(), vi.fn()] as const
    granter.request({ member, reply: replies[0] })
    granter.stored(12, granter.takeBatch())
    granter.request({ member, reply: replies[1] })
    granter.reset()
    granter.applied(12, state)
    for (const reply of replies) expect(reply).toHaveBeenCalledExactlyOnceWith({ refused: 'unavailable' })
  })

  it('answers everybody once, whether the barrier is not stored or does not come back', () => {
    const granter = new LeaseGranter()
    const replies = [vi.fn(), vi.fn(), vi.fn()] as const
    granter.request({ member, reply: replies[0] })
    granter.failed(granter.takeBatch())
    granter.request({ member, reply: replies[1] })
    const late = granter.takeBatch()
    granter.stored(13, late)
    granter.failed(late)
    granter.request({ member, reply: replies[2] })
    const granted = granter.takeBatch()
    granter.stored(14, granted)
    granter.applied(14, state)
    granter.failed(granted)
    expect(replies[0]).toHaveBeenCalledExactlyOnceWith({ refused: 'unavailable' })
    expect(replies[1]).toHaveBeenCalledExactlyOnceWith({ refused: 'unavailable' })
    expect(replies[2]).toHaveBeenCalledExactlyOnceWith({ epoch: 1, barrier: 14, leaseMs: 5000 })
  })
})
