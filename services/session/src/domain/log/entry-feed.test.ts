import { ORIGIN, formatPosition, type LogEntry, type MemberId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { revokedEntry } from '../sessions/authority.fixture.ts'
import { EntryFeed, type FeedItem } from './entry-feed.ts'

const at = (seq: number, epoch = 1) => formatPosition(epoch, seq)
const revoked = revokedEntry({ type: 'global' })
const barrier: LogEntry = { ...revoked, type: 'barrier', replica: 'replica' as MemberId }

function feedOf(...seqs: number[]): EntryFeed {
  const feed = new EntryFeed(4)
  for (const seq of seqs) feed.note(revoked, at(seq))
  return feed
}

const texts = (items: readonly FeedItem[]): string[] =>
  items.map((item) =>
    item.kind === 'gap' ? `gap ${item.after.slice(-2)}-${item.until.slice(-2)}` : item.position.slice(-2),
  )

describe('the feed', () => {
  it('tells what came after a position, in order, and nothing twice', () => {
    const feed = feedOf(5, 6, 7)
    feed.note(revoked, at(6))
    expect(texts(feed.after(at(5)))).toEqual(['06', '07'])
    expect(feed.after(at(7))).toEqual([])
    expect(texts(feed.after(at(4)))).toEqual(['05', '06', '07'])
  })

  it('passes over barriers without calling them a gap', () => {
    const feed = feedOf(5)
    feed.note(barrier, at(6))
    feed.note(revoked, at(7))
    expect(texts(feed.after(at(4)))).toEqual(['05', '07'])
    expect(feed.latest).toBe(at(7))
  })

  it('says where entries are missing: before its beginning, in between, and between two logs', () => {
    const feed = feedOf(5, 8)
    expect(texts(feed.after(at(2)))).toEqual(['gap 02-04', '05', 'gap 05-07', '08'])
    feed.note(revoked, at(1, 2))
    expect(texts(feed.after(at(8)))).toEqual(['gap 08-00', '01'])
  })

  it('holds a bounded number, and calls the rest a gap', () => {
    const feed = feedOf(1, 2, 3, 4, 5)
    expect(texts(feed.after(ORIGIN))).toEqual(['gap 00-03', '04', '05'])
    expect(texts(feed.after(at(3)))).toEqual(['04', '05'])
  })

  it('wakes who waits for the next one', async () => {
    const feed = feedOf(5)
    const { changed } = feed
    feed.note(revoked, at(6))
    await changed
    expect(texts(feed.after(at(5)))).toEqual(['06'])
  })
})
