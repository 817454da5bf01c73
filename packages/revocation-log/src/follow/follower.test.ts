import { describe, expect, it } from 'vitest'

import { ScriptedFollower, ack, at, json } from '../../test/scripted-follower.ts'

describe('Follower at its start', () => {
  it('claims no more than the caller had, until the feed has shown that it works', () => {
    const follower = new ScriptedFollower(5)
    expect([follower.applied, follower.healthy]).toEqual([at(5), false])
    const run = follower.begin()
    follower.readUpTo(run, 8)
    for (const seq of [6, 7, 8]) follower.read(run, { seq, json: json(seq) }, 0)
    follower.settleAt(run, 9)
    expect([follower.applied, follower.healthy]).toEqual([at(5), false])
    follower.feed(9, json(9), 0)
    expect([follower.applied, follower.healthy]).toEqual([at(9), true])
    expect(follower.handed).toEqual([6, 7, 8, 9].map(at))
  })

  it('does not claim a fact whose successor it has not applied yet', () => {
    const follower = new ScriptedFollower()
    const run = follower.begin()
    follower.readUpTo(run, 4)
    follower.read(run, { seq: 1, json: json(1) }, 0)
    // 2 and 3 are superseded, perhaps by something behind the barrier that was stored while this was read.
    follower.read(run, { seq: 4, json: json(4) }, 0)
    expect(follower.applied).toBe(at(0))
    follower.feed(5, json(5), 0)
    expect(follower.applied).toBe(at(0))
    follower.settleAt(run, 6)
    expect(follower.applied).toBe(at(0))
    follower.feed(6, json(6), 0)
    expect(follower.applied).toBe(at(6))
  })

  it('settles at once when the feed was faster than the acknowledgement of the second barrier', () => {
    const follower = new ScriptedFollower()
    const run = follower.begin()
    follower.readUpTo(run, 1)
    follower.feed(2, json(2), 0)
    follower.read(run, { seq: 1, json: json(1) }, 0)
    follower.settleAt(run, 2)
    expect([follower.applied, follower.healthy]).toEqual([at(2), true])
  })

  it('reads again what it remembers, to notice what has changed', () => {
    expect(new ScriptedFollower(10_000).next(0)).toMatchObject({ kind: 'catch-up', from: 5_905 })
    expect(new ScriptedFollower(3).next(0)).toMatchObject({ from: 1 })
  })

  it('ignores what belongs to a run that is over', () => {
    const follower = new ScriptedFollower()
    const old = follower.begin()
    follower.disconnected()
    follower.reconnected(0)
    const run = follower.begin()
    follower.readUpTo(old, 1)
    expect(follower.read(old, { seq: 1, json: json(1) }, 0)).toBe('stop')
    follower.readUpTo(run, 1)
    expect(follower.read(old, { seq: 1, json: json(1) }, 0)).toBe('stop')
    follower.read(run, { seq: 1, json: json(1) }, 0)
    follower.settleAt(old, 1)
    follower.failed(old, 0)
    expect(follower.healthy).toBe(false)
    expect(follower.handed).toEqual([at(1)])
  })
})

describe('Follower on the feed', () => {
  it('applies what comes next and ignores what it has', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    for (const seq of [3, 3, 2, 1, 4]) follower.feed(seq, json(seq), 0)
    expect(follower.handed).toEqual([1, 2, 3, 4].map(at))
    expect(follower.healthy).toBe(true)
  })

  it('fetches what a gap hides before anything behind it', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.feed(4, json(4), 0)
    expect([follower.healthy, follower.applied]).toEqual([false, at(2)])
    follower.catchUp(3, 5)
    expect(follower.handed).toEqual([1, 2, 3, 4, 5, 6].map(at))
    expect(follower.healthy).toBe(true)
  })

  it('goes on with what the feed brought while it was reading, in whatever order', () => {
    const follower = new ScriptedFollower()
    const run = follower.begin()
    for (const seq of [4, 2, 3, 5]) follower.feed(seq, json(seq), 0)
    follower.readUpTo(run, 2)
    expect(follower.read(run, { seq: 1, json: json(1) }, 0)).toBe('more')
    expect(follower.read(run, { seq: 2, json: json(2) }, 0)).toBe('enough')
    follower.settleAt(run, 5)
    expect(follower.handed).toEqual([1, 2, 3, 4, 5].map(at))
    expect(follower.healthy).toBe(true)
  })

  it('fetches what its buffer had no room for, even when nothing else ever comes', () => {
    const follower = new ScriptedFollower(0, { entries: 2, characters: 100_000 })
    const run = follower.begin()
    for (const seq of [2, 3, 4, 5]) follower.feed(seq, json(seq), 0)
    follower.readUpTo(run, 1)
    follower.read(run, { seq: 1, json: json(1) }, 0)
    expect(follower.handed).toEqual([1, 2, 3].map(at))
    expect(follower.run).not.toBe(run)
    follower.catchUp(4, 6)
    expect(follower.handed).toEqual([1, 2, 3, 4, 5, 6, 7].map(at))
  })

  it('catches up after a reconnect, and is not healthy before', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.disconnected()
    expect([follower.healthy, follower.next(10_000).kind]).toEqual([false, 'wait'])
    follower.reconnected(10_000)
    expect(follower.healthy).toBe(false)
    follower.catchUp(3, 3, 10_000)
    expect([follower.healthy, follower.applied]).toEqual([true, at(4)])
  })

  it('fetches an acknowledged entry that the feed does not bring', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.acknowledged(ack(3, 2), 1_000)
    expect(follower.next(1_299).kind).toBe('wait')
    expect(follower.next(1_300).kind).toBe('catch-up')
  })

  it('fetches it too while other acknowledged entries keep it busy', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    for (let n = 0; n < 30; n += 1) follower.acknowledged(ack(3 + n, 2 + n), 1_000 + n * 10)
    expect(follower.next(1_300).kind).toBe('catch-up')
  })

  it('does not miss an acknowledged entry behind one that did arrive', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.acknowledged(ack(3, 2), 1_000)
    follower.acknowledged(ack(4, 3), 1_100)
    follower.feed(3, json(3), 1_200)
    expect(follower.next(1_499).kind).toBe('wait')
    expect(follower.next(1_500).kind).toBe('catch-up')
  })

  it('probes a feed that has been silent, once', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    expect(follower.next(1_999).kind).toBe('wait')
    expect(follower.next(2_000).kind).toBe('probe')
    expect(follower.next(2_001).kind).toBe('wait')
    expect(follower.healthy).toBe(true)
  })

  it('is no longer healthy when its probe failed', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    const step = follower.next(2_000)
    if (step.kind === 'probe') follower.failed(step.run, 2_100)
    expect(follower.healthy).toBe(false)
  })

  it('fetches again when the feed brings something that is no entry', () => {
    const follower = new ScriptedFollower()
    follower.catchUp(1, 1)
    follower.distrustFeed(0)
    expect([follower.healthy, follower.next(0).kind]).toEqual([false, 'catch-up'])
  })

  it('does not count it as a failure to be interrupted again and again while it gets further', () => {
    const follower = new ScriptedFollower()
    for (let seq = 1; seq <= 20; seq += 1) {
      const run = follower.begin()
      follower.readUpTo(run, 100)
      follower.read(run, { seq, json: json(seq) }, 0)
      follower.failed(run, 0)
      expect(follower.failures).toBe(1)
    }
  })
})
