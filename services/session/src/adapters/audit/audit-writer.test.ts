import { onBehalfOf } from '@curfew/contracts'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { hashOfRecord, NO_RECORD, parseRecord, type TrailHead } from '../../domain/audit/audit-record.ts'
import { TrailForTest } from '../../domain/audit/audit.fixture.ts'
import { verifyAudit } from '../../domain/audit/verify-audit.ts'
import { AuditWriter, type AuditWriterOptions } from './audit-writer.ts'
import type { AppendOutcome } from './nats-audit-stream.ts'

const EVENT = { type: 'session.created', actor: 'acme/alice', outcome: 'done' } as const
const REFUSAL = { type: 'operator.refused', actor: 'anonymous', outcome: 'refused' } as const
const ACT = { type: 'grants.changed', actor: 'curfew/operator', outcome: 'done' } as const

/** A stream with compare-and-set, deduplication and faults. */
class StoreForTest {
  readonly trail = new TrailForTest()
  readonly #ids = new Map<string, number>()
  /** Taken one by one: what becomes of an attempt. */
  faults: ('no-answer' | 'stored-without-answer')[] = []
  isAway = false

  async head(): Promise<TrailHead> {
    if (this.isAway) throw new Error('no answer')
    const { last, stored } = this.trail
    const bytes = stored.get(last)
    if (bytes === undefined) return { seq: 0, hash: NO_RECORD, at: null }
    return { seq: last, hash: hashOfRecord(bytes), at: parseRecord(bytes)?.events[0]?.at ?? null }
  }

  async append(record: string, after: TrailHead, id: string): Promise<AppendOutcome> {
    const fault = this.faults.shift()
    await Promise.resolve()
    if (this.isAway || fault === 'no-answer') throw new Error('no answer')
    const known = this.#ids.get(id)
    if (known !== undefined) return { kind: 'stored', seq: known, isDuplicate: true }
    if (after.seq !== this.trail.last) return { kind: 'conflict' }
    this.trail.last += 1
    this.trail.stored.set(this.trail.last, Buffer.from(record))
    this.#ids.set(id, this.trail.last)
    if (fault === 'stored-without-answer') throw new Error('no answer')
    return { kind: 'stored', seq: this.trail.last, isDuplicate: false }
  }

  get events() {
    return [...this.trail.stored.values()].flatMap((bytes) => parseRecord(bytes)?.events ?? [])
  }

  async faultsFound(): Promise<readonly unknown[]> {
    const options = { from: undefined, anchors: [], nowMs: 0, retentionMs: 1e12 }
    return (await verifyAudit(this.trail, options)).faults
  }
}

let store: StoreForTest
let told: { dropped: number; troubles: unknown[]; heads: TrailHead[] }
beforeEach(() => {
  store = new StoreForTest()
  told = { dropped: 0, troubles: [], heads: [] }
})

const ROOMY = { takes: () => true, grew: () => {}, refresh: async () => {}, trouble: undefined }

function writer(changes: Partial<AuditWriterOptions> = {}): AuditWriter {
  return new AuditWriter({
    store,
    room: ROOMY,
    clock: { nowMs: () => Date.now() },
    onHead: (head) => told.heads.push(head),
    onStored: () => {},
    onTrouble: (error) => told.troubles.push(error),
    onDropped: (count) => (told.dropped += count),
    ...changes,
  })
}

describe('the writer', () => {
  it('stores events in their order, many to a record, each record after the one before', async () => {
    const audit = writer()
    for (let n = 0; n < 200; n++) audit.note({ ...EVENT, reason: String(n) })
    await audit.close()
    expect(store.events.map(({ reason }) => reason)).toEqual(Array.from({ length: 200 }, (_, n) => String(n)))
    expect(store.trail.last).toBe(4)
    expect(await store.faultsFound()).toEqual([])
    expect(told.heads.at(-1)).toMatchObject({ seq: 4, hash: (await store.head()).hash })
  })

  it('makes one chain with others who write at the same time', async () => {
    const writers = Array.from({ length: 5 }, () => writer())
    for (let n = 0; n < 20; n++) {
      for (const [index, audit] of writers.entries()) audit.note({ ...EVENT, reason: `${index} ${n}` })
      await new Promise(setImmediate)
    }
    await Promise.all(writers.map((audit) => audit.close()))
    expect(new Set(store.events.map(({ reason }) => reason)).size).toBe(100)
    expect(store.events).toHaveLength(100)
    expect(await store.faultsFound()).toEqual([])
  })

  it('stores an event once when the answer to the first attempt is lost', async () => {
    store.faults = ['stored-without-answer', 'no-answer']
    const audit = writer()
    await audit.append(EVENT, 'gateway')
    await audit.append({ ...EVENT, reason: 'next' }, 'gateway')
    expect(store.events.map(({ source, reason }) => [source, reason])).toEqual([
      ['gateway', undefined],
      ['gateway', 'next'],
    ])
    expect(await store.faultsFound()).toEqual([])
    expect(told.troubles).toEqual([expect.any(Error), undefined])
  })

  it('keeps events while the trail cannot be written, up to a limit, and says in the trail what it lost', async () => {
    store.isAway = true
    const audit = writer({ capacity: 10 })
    for (let n = 0; n < 13; n++) audit.note({ ...ACT, reason: String(n) })
    expect(told.dropped).toBe(3)
    await vi.waitUntil(() => told.troubles.length === 1)
    store.isAway = false
    await vi.waitUntil(() => store.events.length === 11, { timeout: 5_000 })
    expect(store.events.at(-1)).toMatchObject({ type: 'audit.lost', effect: '3 events are not in the trail' })
    expect(told.troubles).toEqual([expect.any(Error), undefined])
    expect(await store.faultsFound()).toEqual([])
  })

  it('keeps room in the queue for users, and some for operators alone', async () => {
    store.isAway = true
    const audit = writer({ capacity: 10 })
    for (const event of [REFUSAL, EVENT, ACT]) for (let n = 0; n < 11; n++) audit.note(event)
    store.isAway = false
    await vi.waitUntil(() => store.events.length === 11, { timeout: 5_000 })
    expect(store.events.map(({ type }) => type)).toEqual([
      ...Array.from({ length: 5 }, () => REFUSAL.type),
      ...Array.from({ length: 3 }, () => EVENT.type),
      ...Array.from({ length: 2 }, () => ACT.type),
      'audit.lost',
    ])
  })

  it('loses an event that there is no room for at once, whoever sends it, and says so in the trail once a minute', async () => {
    const audit = writer({ room: { ...ROOMY, takes: (standing) => standing === 'operator' } })
    await audit.append(REFUSAL, 'gateway')
    audit.note(EVENT)
    expect(told.dropped).toBe(2)
    for (let n = 0; n < 3; n++) {
      audit.note(ACT)
      await vi.waitUntil(() => audit.backlog === 0)
      audit.note(REFUSAL)
    }
    expect(store.events.map(({ type }) => type)).toEqual([ACT.type, 'audit.lost', ACT.type, ACT.type])
    expect(await audit.canRecord()).toBe(true)
  })

  it('does not say that an event is stored while it is not', async () => {
    store.isAway = true
    await expect(writer().append(EVENT, 'gateway')).rejects.toThrow('audit-not-stored')
    await expect(writer({ capacity: 0 }).append(EVENT, 'gateway')).rejects.toThrow('audit-not-stored')
  })

  it('lets a request wait for what was noted on its behalf, and for nothing else', async () => {
    const audit = writer()
    onBehalfOf('r1', () => audit.note({ ...EVENT, reason: 'mine' }))
    await audit.settled('r1')
    expect(store.events).toMatchObject([{ reason: 'mine', requestId: 'r1' }])
    await audit.settled('r2')
  })

  it('makes nobody wait once it is known to be stuck', async () => {
    store.isAway = true
    const audit = writer()
    onBehalfOf('r1', () => audit.note(EVENT))
    await vi.waitUntil(() => told.troubles.length === 1)
    const startedAt = performance.now()
    for (let n = 0; n < 100; n++) await audit.settled('r1')
    expect(performance.now() - startedAt).toBeLessThan(200)
  })

  it('counts as lost what cannot be written before the end', async () => {
    store.isAway = true
    const audit = writer()
    audit.note(EVENT)
    audit.note(EVENT)
    await audit.close()
    expect(told.dropped).toBe(2)
    audit.note(EVENT)
    expect(told.dropped).toBe(3)
  })

  it('keeps text from outside harmless', async () => {
    const audit = writer()
    await audit.append({ ...EVENT, reason: 'a\n{"type":"forged.event"}\u001b[2J' }, 'gateway')
    expect(Buffer.from(store.trail.stored.get(1) ?? []).toString()).not.toMatch(/\p{Cc}/u)
    expect(store.events).toHaveLength(1)
  })
})
