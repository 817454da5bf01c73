import { formatPosition, type MemberId } from '@curfew/contracts'
import { evictAfterMs, usableForMs } from '@curfew/protocol'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import {
  LEASE_MS,
  WAIT_MS,
  asking,
  barrier,
  begin,
  byAcknowledgement,
  config,
  confirming,
  gateway,
  head,
  join,
  memberNamed,
  now,
  other,
  revoke,
  say,
  scene,
  self,
} from './coordinator.fixture.ts'
import { Coordinator } from './coordinator.ts'

beforeEach(begin)

describe('a replica’s own lease', () => {
  it('comes with its barrier and lasts as long as anybody’s', () => {
    expect(scene.coordinator.hasUsableLease(now())).toBe(false)
    barrier()
    scene.nowMs = usableForMs(LEASE_MS) - 1
    expect(scene.coordinator.hasUsableLease(now())).toBe(true)
    scene.nowMs += 1
    expect(scene.coordinator.hasUsableLease(now())).toBe(false)
  })

  it('is granted to no replica that was taken off the list, until it has joined under another id', () => {
    barrier()
    say({ type: 'evicted', member: self })
    expect([scene.coordinator.isMember, scene.coordinator.hasUsableLease(now())]).toEqual([false, false])
    barrier()
    expect(scene.coordinator.hasUsableLease(now())).toBe(false)
    scene.coordinator.become('self-2' as MemberId)
    join('self-2' as MemberId)
    barrier()
    expect(scene.coordinator.hasUsableLease(now())).toBe(true)
  })

  it('has the length that the log gives at its barrier, not the one known when the barrier was stored', () => {
    const begun = scene.coordinator.beginBarrier('n', now())
    begun.stored(3, now())
    config(1000, LEASE_MS)
    say({ type: 'barrier', replica: self })
    scene.nowMs = usableForMs(1000)
    expect(scene.coordinator.hasUsableLease(now())).toBe(false)
  })

  it('is gone with doubt, and does not come back with an answer from before', () => {
    const begun = scene.coordinator.beginBarrier('n', now())
    scene.coordinator.doubt()
    scene.coordinator.following(now())
    begun.stored(scene.seq + 1, now())
    say({ type: 'barrier', replica: self })
    expect(scene.coordinator.hasUsableLease(now())).toBe(false)
  })
})

describe('a grant', () => {
  it('goes to a member when the barrier has come back', () => {
    join(gateway)
    const answer = asking(gateway)
    expect(answer()).toBeUndefined()
    expect(barrier()).toBe(3)
    expect(answer()).toEqual({ epoch: 1, barrier: 3, leaseMs: LEASE_MS })
  })

  it('is refused to who joined only after the barrier: it could lack what was confirmed in between', () => {
    const answer = asking(gateway)
    const begun = scene.coordinator.beginBarrier('n', now())
    scene.coordinator.entryApplied(
      { ...head, id: 'b', type: 'barrier', replica: self },
      formatPosition(1, 2),
      now(),
    )
    scene.coordinator.entryApplied(
      { ...head, id: 'j', type: 'joined', ...memberNamed(gateway) },
      formatPosition(1, 3),
      now(),
    )
    begun.stored(2, now())
    scene.coordinator.reached(3, now())
    expect(answer()).toEqual({ refused: 'not-a-member' })
  })

  it('does not name a length that the log set after its barrier', () => {
    join(gateway)
    const answer = asking(gateway)
    const begun = scene.coordinator.beginBarrier('n', now())
    scene.coordinator.entryApplied(
      { ...head, id: 'c', type: 'config', leaseMs: 60_000, previousLeaseMs: LEASE_MS },
      formatPosition(1, 4),
      now(),
    )
    begun.stored(3, now())
    scene.coordinator.reached(4, now())
    expect(answer()).toEqual({ refused: 'unavailable' })
  })

  it('is refused at once while the log is not followed, and so is what was under way', () => {
    join(gateway)
    const before = asking(gateway)
    scene.coordinator.doubt()
    expect(before()).toEqual({ refused: 'unavailable' })
    expect(asking(gateway)()).toEqual({ refused: 'unavailable' })
  })
})

describe('silence', () => {
  const overdue = (): MemberId[] =>
    scene.coordinator.overdue(now()).map(({ description }) => description.member)
  const RENEW_MS = LEASE_MS / 3

  /** Looks as often as it should, until then. */
  function watch(untilMs: number): MemberId[] {
    let found: MemberId[] = []
    while (scene.nowMs < untilMs) {
      scene.nowMs = Math.min(untilMs, scene.nowMs + RENEW_MS)
      found = overdue()
    }
    return found
  }

  it('makes a member overdue, but never this replica itself', () => {
    join(gateway)
    overdue()
    expect(watch(evictAfterMs(LEASE_MS))).toEqual([])
    expect(watch(evictAfterMs(LEASE_MS) + 1)).toEqual([gateway])
  })

  it('is not that of a replica whose barriers come', () => {
    join(other)
    overdue()
    watch(4000)
    say({ type: 'barrier', replica: other })
    expect(watch(8000)).toEqual([])
  })

  it('counts for nothing after this replica was stopped, however long', () => {
    join(gateway)
    overdue()
    scene.nowMs = 60_000
    expect(overdue()).toEqual([])
    expect(watch(60_000 + evictAfterMs(LEASE_MS))).toEqual([])
    expect(watch(60_001 + evictAfterMs(LEASE_MS))).toEqual([gateway])
  })

  it('counts for nothing while the log was not followed', () => {
    join(gateway)
    overdue()
    watch(5000)
    scene.coordinator.doubt()
    scene.coordinator.following(now())
    expect(watch(6000)).toEqual([])
  })
})

describe('a restart from a projection', () => {
  const at = (sequence: number) => formatPosition(1, sequence)

  it('knows the members, and waits for those evicted not long ago', () => {
    const restarted = new Coordinator({ replica: other, leaseMs: LEASE_MS })
    const members = [
      { id: self, position: at(1), state: { member: memberNamed(self), joinedAt: '' } },
      { id: gateway, position: at(2), state: 'evicted' },
    ] as const
    restarted.restore({ members, lease: undefined }, now())
    restarted.follow(1)
    restarted.following(now())
    restarted.reached(5, now())
    const settled = vi.fn()
    restarted.confirm(5, now(), settled)
    restarted.acknowledged(self, 5, now())
    expect(settled).not.toHaveBeenCalled()
    scene.nowMs = WAIT_MS
    restarted.expire(now())
    const verifiers = { total: 2, acknowledged: 1, lapsed: 1 }
    expect(settled).toHaveBeenCalledExactlyOnceWith({ confirmedBy: 'lease-expiry', verifiers })
  })

  it('of the view alone takes nothing back that was seen in the log', () => {
    join(gateway)
    say({ type: 'evicted', member: gateway })
    scene.nowMs = WAIT_MS
    expect(confirming(revoke()).get()).toEqual(byAcknowledgement(1))
    const members = [
      { id: gateway, position: at(3), state: 'evicted' },
      { id: other, position: at(19), state: { member: memberNamed(other), joinedAt: '' } },
    ] as const
    scene.coordinator.restore({ members, lease: undefined }, now())
    expect(confirming(revoke()).get()).toEqual(byAcknowledgement(1))
    expect(scene.coordinator.members().map(({ description }) => description.member)).toEqual([self, other])
  })
})
