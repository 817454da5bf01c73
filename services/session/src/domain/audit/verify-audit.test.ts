import { beforeEach, describe, expect, it } from 'vitest'

import { hashOfRecord } from './audit-record.ts'
import { TrailForTest } from './audit.fixture.ts'
import { verifyAudit, type VerifyOptions } from './verify-audit.ts'

const DAY_MS = 86_400_000
let trail: TrailForTest
beforeEach(() => {
  trail = new TrailForTest()
  for (let n = 0; n < 20; n++) trail.add({ reason: `reason ${n}` }, {})
})

const faultsOf = async (changes: Partial<VerifyOptions> = {}): Promise<string[]> => {
  const options = { from: undefined, anchors: [], nowMs: DAY_MS, retentionMs: 400 * DAY_MS, ...changes }
  return (await verifyAudit(trail, options)).faults.map(({ seq, fault }) => `${seq} ${fault}`)
}

describe('the trail', () => {
  it('as it was written is intact, from its beginning and from anywhere', async () => {
    expect(await faultsOf({ anchors: [trail.head] })).toEqual([])
    expect(await faultsOf({ from: 7 })).toEqual([])
  })

  it('that is empty is intact', async () => {
    trail = new TrailForTest()
    expect(await faultsOf()).toEqual([])
  })

  it('shows one letter that was altered', async () => {
    trail.alter(5, (text) => text.replace('reason 4', 'reason 9'))
    expect(await faultsOf()).toEqual(['6 not-chained'])
  })

  it('shows a record that was removed', async () => {
    trail.stored.delete(5)
    expect(await faultsOf()).toEqual(['5 missing'])
  })

  it('shows records that were swapped', async () => {
    const [a, b] = [trail.stored.get(5), trail.stored.get(6)]
    trail.stored.set(5, b as Uint8Array).set(6, a as Uint8Array)
    expect(await faultsOf()).toEqual(['5 not-chained', '6 not-chained', '7 not-chained'])
  })

  it('shows what is no record, and what was written in its place', async () => {
    trail.alter(5, () => '{"v":1}')
    expect(await faultsOf()).toEqual(['5 unreadable', '6 not-chained'])
  })

  it('shows an end that was altered, by what was known of it elsewhere', async () => {
    const { head } = trail
    trail.alter(20, (text) => text.replace('reason 19', 'reason 99'))
    expect(await faultsOf()).toEqual([])
    expect(await faultsOf({ anchors: [head] })).toEqual(['20 not-anchored'])
  })

  it('shows an end that was cut off, by what was known of it elsewhere', async () => {
    const { head } = trail
    trail.stored.delete(20)
    trail.last = 19
    expect(await faultsOf({ anchors: [head] })).toEqual(['20 cut-off'])
  })

  it('shows a chain that was written anew, by what was known of it elsewhere', async () => {
    const { head } = trail
    trail = new TrailForTest()
    for (let n = 0; n < 25; n++) trail.add({ reason: `harmless ${n}` })
    expect(await faultsOf()).toEqual([])
    expect(await faultsOf({ anchors: [head] })).toEqual(['20 not-anchored'])
  })

  it('may lose its beginning by age, and not before its time', async () => {
    for (const seq of [1, 2, 3]) trail.stored.delete(seq)
    trail.first = 4
    expect(await faultsOf({ nowMs: DAY_MS, retentionMs: DAY_MS / 2 })).toEqual([])
    expect(await faultsOf({ nowMs: DAY_MS, retentionMs: 2 * DAY_MS })).toEqual(['4 removed-early'])
  })

  it('is not blamed for what becomes too old while it is looked at', async () => {
    const { bounds } = trail
    let looks = 0
    trail.bounds = async () => {
      looks += 1
      return looks === 1 ? { first: 1, last: 20 } : { ...(await bounds()), first: 3 }
    }
    trail.stored.delete(1)
    trail.stored.delete(2)
    expect(await faultsOf()).toEqual([])
  })

  it('costs a bounded number of reads, however long it is', async () => {
    trail = new TrailForTest()
    for (let n = 0; n < 5_000; n++) trail.add({})
    const options = { anchors: [], nowMs: 0, retentionMs: DAY_MS }
    const first = await verifyAudit(trail, { ...options, from: undefined })
    expect(first).toMatchObject({ checked: 4_096, next: 4_097, faults: [] })
    expect(trail.reads).toBeLessThan(4_200)
    const second = await verifyAudit(trail, { ...options, from: first.next })
    expect(second).toMatchObject({ checked: 904, faults: [] })
    expect(second.next).toBeUndefined()
  })

  it('shows what was altered at the very end of a stretch', async () => {
    trail = new TrailForTest()
    for (let n = 0; n < 4_100; n++) trail.add({ reason: 'original' })
    trail.alter(4_096, (text) => text.replace('original', 'altered'))
    const options = { anchors: [], nowMs: 0, retentionMs: DAY_MS }
    expect((await verifyAudit(trail, { ...options, from: undefined })).faults).toEqual([])
    expect((await verifyAudit(trail, { ...options, from: 4_097 })).faults).toEqual([
      { seq: 4_097, fault: 'not-chained' },
    ])
  })
})

describe('the hash of a record', () => {
  it('is of the very bytes', () => {
    expect(hashOfRecord('{"a":1}')).not.toBe(hashOfRecord('{"a": 1}'))
    expect(hashOfRecord(Buffer.from('ü'))).toBe(hashOfRecord('ü'))
  })
})
