import { formatPosition } from '@curfew/contracts'
import { waitForMs } from '@curfew/protocol'
import { beforeEach, describe, expect, it } from 'vitest'

import {
  LEASE_MS,
  WAIT_MS,
  begin,
  byAcknowledgement,
  config,
  confirming,
  gateway,
  join,
  now,
  other,
  revoke,
  say,
  scene,
} from './coordinator.fixture.ts'
import { Coordinator } from './coordinator.ts'

beforeEach(begin)

describe('a confirmation', () => {
  it('is immediate for a replica alone', () => {
    expect(confirming(revoke()).get()).toEqual(byAcknowledgement(1))
  })

  it('waits for every member that had joined before the entry, and for none that joined after it', () => {
    join(gateway)
    const at = revoke()
    join(other)
    const confirmation = confirming(at)
    expect(confirmation.get()).toBe('pending')
    scene.coordinator.acknowledged(gateway, at, now())
    expect(confirmation.get()).toEqual(byAcknowledgement(2))
  })

  it('takes a renewal that says so for an acknowledgement', () => {
    join(gateway)
    const confirmation = confirming(revoke())
    scene.coordinator.renewalHeard({ member: gateway, applied: scene.seq, cachedSessions: 4 }, now())
    expect(confirmation.get()).toEqual(byAcknowledgement(2))
  })

  it('comes after W without the silent, who are said to have lapsed', () => {
    join(gateway)
    const confirmation = confirming(revoke())
    scene.nowMs = WAIT_MS - 1
    expect(scene.coordinator.expire(now())).toBe(1)
    expect(confirmation.get()).toBe('pending')
    scene.nowMs = WAIT_MS
    expect(scene.coordinator.expire(now())).toBeUndefined()
    const verifiers = { total: 2, acknowledged: 1, lapsed: 1 }
    expect(confirmation.get()).toEqual({ confirmedBy: 'lease-expiry', verifiers })
  })

  it('waits W for a member that speaks another protocol, whatever it says', () => {
    join(gateway, { protocol: 2 })
    const confirmation = confirming(revoke())
    scene.coordinator.acknowledged(gateway, scene.seq, now())
    scene.coordinator.renewalHeard({ member: gateway, applied: scene.seq, cachedSessions: 0 }, now())
    expect(confirmation.get()).toBe('pending')
    scene.nowMs = WAIT_MS
    scene.coordinator.expire(now())
    expect(confirmation.get()).toMatchObject({ confirmedBy: 'lease-expiry' })
  })

  it('does not wait for who has left, and waits for who was evicted until W after that', () => {
    join(gateway)
    join(other)
    const confirmation = confirming(revoke())
    say({ type: 'left', member: other })
    say({ type: 'evicted', member: gateway })
    expect(confirmation.get()).toBe('pending')
    scene.coordinator.acknowledged(gateway, scene.seq, now())
    expect(confirmation.get()).toEqual(byAcknowledgement(3))
  })

  it('is not given in doubt; when the time is up then, nothing is said', () => {
    join(gateway)
    const [early, late] = [confirming(revoke()), confirming(revoke())]
    scene.coordinator.doubt()
    scene.coordinator.acknowledged(gateway, scene.seq, now())
    expect(early.get()).toBe('pending')
    scene.nowMs = WAIT_MS
    scene.coordinator.expire(now())
    expect([early.get(), late.get()]).toEqual([undefined, undefined])
  })

  it('waits for the longest of several lease lengths that followed one another', () => {
    join(gateway)
    config(60_000, LEASE_MS)
    scene.nowMs += 1000
    config(5000, 60_000)
    scene.nowMs += 1000
    config(1000, 5000)
    expect(scene.coordinator.waitMs(now())).toBe(waitForMs(60_000))
    scene.nowMs += waitForMs(60_000)
    expect(scene.coordinator.waitMs(now())).toBe(waitForMs(1000))
  })

  it('waits for the lease length before the one that a projection holds', () => {
    const restarted = new Coordinator({ replica: other, leaseMs: 1000 })
    const lease = { position: formatPosition(1, 3), leaseMs: 1000, previousLeaseMs: 60_000 }
    restarted.restore({ members: [], lease }, now())
    expect(restarted.waitMs(now())).toBe(waitForMs(60_000))
    expect(restarted.longestLeaseMs(now())).toBe(60_000)
  })
})

describe('what is known to be confirmed', () => {
  it('is everything before what was', () => {
    join(gateway)
    const [first, second] = [revoke(), revoke()]
    expect(scene.coordinator.isConfirmed(second, now())).toBe(false)
    const confirmation = confirming(second)
    scene.nowMs = WAIT_MS
    scene.coordinator.expire(now())
    expect(confirmation.get()).toBeDefined()
    expect(scene.coordinator.isConfirmed(first, now())).toBe(true)
    // A repeated request need not wait again.
    expect(confirming(first).get()).toMatchObject({ confirmedBy: 'lease-expiry', verifiers: { lapsed: 1 } })
  })

  it('is what everyone has applied, and what was applied here W ago, though nobody asked', () => {
    join(gateway)
    const at = revoke()
    scene.coordinator.expire(now())
    expect(scene.coordinator.isConfirmed(at, now())).toBe(false)
    scene.coordinator.acknowledged(gateway, at, now())
    expect(scene.coordinator.isConfirmed(at, now())).toBe(true)
    const next = revoke()
    scene.coordinator.expire(now())
    scene.nowMs += WAIT_MS
    scene.coordinator.expire(now())
    scene.nowMs += WAIT_MS
    scene.coordinator.expire(now())
    expect(scene.coordinator.isConfirmed(next, now())).toBe(true)
    expect(scene.coordinator.isConfirmed(scene.seq + 1, now())).toBe(false)
  })

  it('is nothing while the log is in doubt', () => {
    const at = revoke()
    expect(scene.coordinator.isConfirmed(at, now())).toBe(true)
    scene.coordinator.doubt()
    expect(scene.coordinator.isConfirmed(at, now())).toBe(false)
  })
})
