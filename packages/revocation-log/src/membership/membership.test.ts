import { formatPosition, type Member, type MemberId } from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'
import { describe, expect, it } from 'vitest'

import { Membership } from './membership.ts'

const LEASE_MS = 5000
const WAIT_MS = 5750
const at = (monotonicMs: number): Instant => ({ monotonicMs, wallMs: 0 })
const seq = (sequence: number) => formatPosition(1, sequence)
const joining = (sequence: number) => ({ position: seq(sequence), at: '2026-01-01T00:00:00.000Z' })
const NOW = seq(1000)
const id = 'gw-1' as MemberId
const gateway: Member = { member: id, kind: 'verifier', service: 'gateway', host: 'a', protocol: 1 }

function withGateway(description = gateway): Membership {
  const membership = new Membership()
  membership.joined(description, joining(10), at(0))
  return membership
}

const idsCounted = (membership: Membership, ms: number): string[] =>
  membership.counted(NOW, at(ms), WAIT_MS).map((counted) => counted.id)

describe('membership', () => {
  it('counts an evicted member until W after the eviction was observed, and grants it nothing meanwhile', () => {
    const membership = withGateway()
    membership.evicted(id, seq(20), at(1000))
    expect(membership.wasMemberAt(id, seq(30))).toBe(false)
    expect(idsCounted(membership, 1000 + WAIT_MS - 1)).toEqual([id])
    expect(idsCounted(membership, 1000 + WAIT_MS)).toEqual([])
  })

  it('does not prolong or restart the wait when the eviction is repeated', () => {
    const membership = withGateway()
    membership.evicted(id, seq(20), at(1000))
    membership.evicted(id, seq(21), at(5000))
    expect(idsCounted(membership, 1000 + WAIT_MS)).toEqual([])
  })

  it('is what the log says, in its order, whether or not this replica has forgotten the eviction', () => {
    const forgotten = withGateway()
    forgotten.evicted(id, seq(20), at(0))
    expect(idsCounted(forgotten, WAIT_MS)).toEqual([])
    const remembered = withGateway()
    remembered.evicted(id, seq(20), at(0))
    for (const membership of [forgotten, remembered]) {
      membership.joined(gateway, joining(15), at(WAIT_MS))
      membership.joined(gateway, joining(30), at(WAIT_MS))
      expect(membership.wasMemberAt(id, seq(31))).toBe(true)
      expect(idsCounted(membership, WAIT_MS)).toEqual([id])
    }
  })

  it('takes no joined that the eviction came after', () => {
    const membership = new Membership()
    membership.evicted(id, seq(20), at(0))
    membership.joined(gateway, joining(10), at(1))
    expect(membership.isMember(id)).toBe(false)
    membership.joined(gateway, joining(30), at(2))
    membership.evicted(id, seq(20), at(3))
    expect(membership.isMember(id)).toBe(true)
  })

  it('counts the lease from before an eviction even when the member has joined again after the entry', () => {
    const membership = withGateway()
    membership.evicted(id, seq(20), at(0))
    membership.joined(gateway, joining(40), at(1))
    expect(membership.counted(seq(30), at(2), WAIT_MS)).toMatchObject([{ id, applied: 0 }])
    expect(membership.counted(seq(30), at(WAIT_MS), WAIT_MS)).toEqual([])
  })

  it('has a member from its joined on: nothing older is granted to it, and for nothing older it is waited for', () => {
    const membership = withGateway()
    expect([9, 10, 11].map((barrier) => membership.wasMemberAt(id, seq(barrier)))).toEqual([
      false,
      false,
      true,
    ])
    expect(membership.counted(seq(9), at(0), WAIT_MS)).toEqual([])
    expect(membership.counted(seq(11), at(0), WAIT_MS)).toMatchObject([{ id, applied: 0 }])
  })

  it('stops counting who left, at once', () => {
    const membership = withGateway()
    membership.left(id)
    expect(idsCounted(membership, 1)).toEqual([])
  })

  it('finds the silent, and not those heard of', () => {
    const membership = withGateway()
    const overdue = (ms: number): string[] =>
      membership.overdue(at(ms), LEASE_MS).map(({ description }) => description.member)
    expect(overdue(5251)).toEqual([id])
    membership.heard(id, 3, at(5000))
    expect(overdue(5251)).toEqual([])
    expect(membership.counted(NOW, at(5251), WAIT_MS)).toMatchObject([{ id, applied: 3 }])
  })

  it('never takes an acknowledgement back, and none from a stranger', () => {
    const membership = withGateway()
    membership.heard(id, 7, at(1))
    membership.heard(id, 5, at(2))
    membership.heard('stranger' as MemberId, 9, at(2))
    expect(membership.counted(NOW, at(2), WAIT_MS)).toMatchObject([{ id, applied: 7 }])
  })

  it('believes nothing that a member of another protocol says, evicted or not', () => {
    const membership = withGateway({ ...gateway, protocol: 2 })
    membership.renews({ member: id, applied: 99, cachedSessions: 1 }, at(1))
    expect(membership.isBelieved(id)).toBe(false)
    expect(membership.counted(NOW, at(1), WAIT_MS)).toMatchObject([{ id, applied: 0 }])
    membership.evicted(id, seq(20), at(2))
    membership.heard(id, 99, at(3))
    expect(membership.isBelieved(id)).toBe(false)
    expect(membership.counted(NOW, at(3), WAIT_MS)).toMatchObject([{ id, applied: 0 }])
  })
})
