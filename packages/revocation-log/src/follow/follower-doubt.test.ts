import { mayExpireAfterMs } from '@curfew/protocol'
import { describe, expect, it } from 'vitest'

import { ScriptedFollower, ack, at, barrierJson, json, sessionJson } from '../../test/scripted-follower.ts'
import { SESSION_FACT_MS } from '../stream/fact-lifetime.ts'
import { Witness } from './witness.ts'

describe('Follower meeting an entry that it cannot apply', () => {
  it('stops before an entry that does not parse, says so once, and offers nothing behind it', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.feed(3, '{"v":2}', 0)
    follower.feed(4, json(4), 0)
    expect([follower.applied, follower.healthy]).toEqual([at(2), false])
    let nowMs = 0
    for (let attempt = 0; attempt < 4; attempt += 1) {
      nowMs += 60_000
      const run = follower.begin(nowMs)
      follower.readUpTo(run, 5)
      expect(follower.read(run, { seq: 3, json: '{"v":2}' }, nowMs)).toBe('stop')
    }
    expect(follower.handed).toEqual([at(1), at(2)])
    expect(follower.doubts).toEqual(['unreadable: the entry at 3 does not parse'])
  })

  it('offers an entry again that onEntry refused, and goes on when it is taken', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.refused.add(at(3))
    follower.feed(3, json(3), 0)
    expect(follower.doubts).toEqual(['refused: the entry at 3 could not be applied'])
    follower.refused.clear()
    follower.catchUp(3, 4, 60_000)
    expect(follower.handed).toEqual([1, 2, 3, 4, 5].map(at))
    expect(follower.healthy).toBe(true)
  })

  it('waits longer after each failure, up to a bound', () => {
    const follower = new ScriptedFollower()
    const waits: number[] = []
    let nowMs = 0
    let run = follower.begin()
    while (waits.length < 10) {
      const failedMs = nowMs
      follower.failed(run, nowMs)
      let step = follower.next(nowMs)
      while (step.kind !== 'catch-up') step = follower.next((nowMs += 50))
      run = step.run
      waits.push(nowMs - failedMs)
    }
    expect(waits).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
  })
})

describe('Follower of a log that is not what it was', () => {
  it('freezes when an acknowledgement is not above what it had seen', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 5)
    expect(follower.acknowledged({ seq: 4, id: 'new', duplicate: false, floor: follower.seen }, 0)).toBe(
      false,
    )
    expect([follower.frozen, follower.healthy]).toEqual([true, false])
    expect(follower.doubts).toEqual(['rolled back: new was stored at 4 after 6 had been seen'])
  })

  it('accepts an acknowledgement that another entry overtook on its way here', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 5)
    const floor = follower.seen
    follower.feed(8, json(8), 0)
    expect(follower.acknowledged(ack(7, floor), 0)).toBe(true)
  })

  it('accepts a duplicate in its old place, and in no other', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 5)
    const duplicate = { ...ack(3, follower.seen), duplicate: true }
    expect(follower.acknowledged(duplicate, 0)).toBe(true)
    expect(follower.acknowledged({ ...duplicate, seq: 4 }, 0)).toBe(false)
    expect(follower.doubts).toEqual(['contradicted: another entry had been seen at 4'])
  })

  it('freezes when the very first barrier lies before where the caller stands', () => {
    const follower = new ScriptedFollower(100)
    follower.begin()
    follower.acknowledged({ seq: 12, id: 'barrier', duplicate: false, floor: follower.seen }, 0)
    expect(follower.doubts[0]).toMatch(/^rolled back: /)
  })

  it('believes the stream and not the feed when the feed shows another entry where it had applied one', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 5)
    follower.feed(4, json(4, 'another'), 0)
    expect([follower.healthy, follower.frozen]).toEqual([false, false])
    follower.catchUp(1, 7)
    expect([follower.healthy, follower.applied, follower.doubts]).toEqual([true, at(8), []])
  })

  it('freezes when a catch-up reads another entry where it had applied one', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 5)
    follower.disconnected()
    follower.reconnected(0)
    const run = follower.begin()
    follower.readUpTo(run, 20)
    expect(follower.read(run, { seq: 3, json: json(4, 'another') }, 0)).toBe('stop')
    expect(follower.frozen).toBe(true)
  })

  it('freezes when the stream has another entry where one was acknowledged, though not on the word of the feed', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 5)
    follower.acknowledged(ack(7, 6), 0)
    follower.feed(7, json(7, 'another'), 0)
    expect([follower.frozen, follower.applied]).toEqual([false, at(6)])
    const run = follower.begin()
    follower.readUpTo(run, 8)
    expect(follower.read(run, { seq: 7, json: json(7, 'another') }, 0)).toBe('stop')
    expect([follower.frozen, follower.applied]).toEqual([true, at(6)])
  })

  it('freezes when what it had applied is gone, though nothing else stands in its place', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 5)
    follower.disconnected()
    follower.reconnected(0)
    const run = follower.begin()
    follower.readUpTo(run, 9)
    for (const seq of [1, 2, 3, 4, 5]) follower.read(run, { seq, json: json(seq) }, 0)
    follower.read(run, { seq: 9, json: barrierJson(9) }, 0)
    follower.settleAt(run, 10)
    expect(follower.healthy).toBe(false)
    follower.feed(10, barrierJson(10), 0)
    expect([follower.frozen, follower.applied]).toEqual([true, at(6)])
    expect(follower.doubts).toEqual(['rolled back: what had been seen at 6 is gone'])
  })

  it('freezes at an end of the log that lies before where it had read to', () => {
    const follower = new ScriptedFollower(100)
    const run = follower.begin()
    follower.readUpTo(run, 102)
    const closed = {
      v: 1,
      id: 'closed',
      type: 'closed',
      at: '',
      actor: 'system',
      reason: 'rolled back: so it is',
    }
    expect(follower.read(run, { seq: 97, json: JSON.stringify(closed) }, 0)).toBe('stop')
    expect(follower.doubts).toEqual(['closed: rolled back: so it is'])
  })

  it('never goes on once frozen, and says so once', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.freeze({ kind: 'replaced', detail: 'a by b' })
    follower.freeze({ kind: 'gone', detail: '' })
    follower.feed(3, json(3), 0)
    follower.disconnected()
    follower.reconnected(0)
    follower.distrustFeed(0)
    follower.failed(follower.run, 0)
    expect([follower.next(100_000).kind, follower.healthy, follower.applied]).toEqual(['wait', false, at(2)])
    expect(follower.doubts).toEqual(['replaced: a by b'])
  })
})

describe('Follower in the place of another one', () => {
  it('does not believe a log that is shorter than the one before it had seen', () => {
    const witness = new Witness(0)
    new ScriptedFollower(0, undefined, witness).catchUp(1, 6)
    // The caller's own state went back as well, to before what is missing now.
    const follower = new ScriptedFollower(3, undefined, witness)
    expect(follower.acknowledged(ack(5, follower.seen), 0)).toBe(false)
    expect(follower.frozen).toBe(true)
  })

  it('does not believe a log that holds something else where the one before it had been', () => {
    const witness = new Witness(0)
    new ScriptedFollower(0, undefined, witness).catchUp(1, 6)
    const follower = new ScriptedFollower(3, undefined, witness)
    const run = follower.begin()
    follower.readUpTo(run, 9)
    expect(follower.read(run, { seq: 5, json: json(5, 'another') }, 0)).toBe('stop')
    expect(follower.frozen).toBe(true)
  })
})

describe('Follower of a log whose facts about sessions expire', () => {
  const APPLIED_AT_MS = 1_000
  const FROM_MS = APPLIED_AT_MS + mayExpireAfterMs(SESSION_FACT_MS)

  /** It has applied a revocation of everyone at 6 and of one session at 7, and reads again without one of them. */
  function rereadWithout(missing: number, { nowMs = FROM_MS, factsExpire = true }): ScriptedFollower {
    const follower = new ScriptedFollower(0, undefined, undefined, factsExpire)
    follower.catchUp(1, 5)
    follower.feed(7, sessionJson(7), APPLIED_AT_MS)
    follower.disconnected()
    follower.reconnected(nowMs)
    const run = follower.begin(nowMs)
    follower.readUpTo(run, 9)
    const held = [1, 2, 3, 4, 5, 6, 7].filter((seq) => seq !== missing)
    for (const seq of held) follower.read(run, { seq, json: seq === 7 ? sessionJson(7) : json(seq) }, nowMs)
    follower.read(run, { seq: 9, json: barrierJson(9) }, nowMs)
    follower.settleAt(run, 10)
    follower.feed(10, barrierJson(10), nowMs)
    return follower
  }

  it('goes on where the end of a session is gone that it applied so long ago that it may have expired', () => {
    const follower = rereadWithout(7, {})
    expect([follower.doubts, follower.healthy]).toEqual([[], true])
  })

  it.each([
    ['that it applied later', rereadWithout(7, { nowMs: FROM_MS - 1 }), 7],
    ['from a log that keeps it', rereadWithout(7, { factsExpire: false }), 7],
    ['that is about more than one session', rereadWithout(6, { nowMs: 10 * FROM_MS }), 6],
  ])('freezes where a fact is gone %s', (_, follower, lost) =>
    expect(follower.doubts).toEqual([`rolled back: what had been seen at ${lost} is gone`]),
  )
})
