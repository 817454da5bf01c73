import type { SessionId, TenantId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { TrailForTest } from './audit.fixture.ts'
import { queryAudit, type AuditFilter } from './query-audit.ts'

const idsOf = async (trail: TrailForTest, filter: AuditFilter, limit = 50): Promise<string[]> => {
  const ids: string[] = []
  let before: string | undefined
  for (let pages = 0; pages < 200; pages++) {
    const { events, next } = await queryAudit(trail, filter, { before, limit })
    expect(events.length).toBeLessThanOrEqual(limit)
    ids.push(...events.map(({ id }) => id))
    if (next === undefined) return ids
    before = next
  }
  throw new Error('the pages do not end')
}

describe('a search', () => {
  it.each([1, 2, 3, 7, 50])('finds everything once, newest first, in pages of %i', async (limit) => {
    const trail = new TrailForTest()
    const all: string[] = []
    for (let record = 0; record < 9; record++) {
      const ids = Array.from({ length: 1 + (record % 3) }, (_, index) => `${record}.${index}`)
      trail.add(...ids.map((id) => ({ id })))
      all.push(...ids)
    }
    expect(await idsOf(trail, {}, limit)).toEqual(all.toReversed())
  })

  it('finds nothing in an empty trail', async () => {
    expect(await idsOf(new TrailForTest(), {})).toEqual([])
  })

  it('holds to each part of the filter', async () => {
    const trail = new TrailForTest()
    const [acme, globex] = ['acme' as TenantId, 'globex' as TenantId]
    const session = 'A'.repeat(22) as SessionId
    trail.add({ id: 'a', tenant: acme, type: 'login.refused', actor: 'anonymous' })
    trail.add({ id: 'b', tenant: globex, type: 'login.succeeded', session })
    trail.add({ id: 'c', tenant: acme, type: 'loginless.thing', requestId: 'r1' })
    expect(await idsOf(trail, { tenant: acme })).toEqual(['c', 'a'])
    expect(await idsOf(trail, { type: 'login' })).toEqual(['b', 'a'])
    expect(await idsOf(trail, { type: 'login.refused' })).toEqual(['a'])
    expect(await idsOf(trail, { session })).toEqual(['b'])
    expect(await idsOf(trail, { requestId: 'r1', tenant: acme })).toEqual(['c'])
    expect(await idsOf(trail, { actor: 'anonymous', tenant: globex })).toEqual([])
  })

  it('reads a bounded part of the trail for a page that finds nothing, and says where to go on', async () => {
    const trail = new TrailForTest()
    trail.add({ id: 'needle', actor: 'system' })
    for (let n = 0; n < 5_000; n++) trail.add({})
    const { events, next } = await queryAudit(trail, { actor: 'system' }, { before: undefined, limit: 1 })
    expect(events).toEqual([])
    expect(trail.reads).toBe(2_048)
    expect(next).toBeDefined()
    expect(await idsOf(trail, { actor: 'system' })).toEqual(['needle'])
  })

  it('passes over what is no record', async () => {
    const trail = new TrailForTest()
    trail.add({ id: 'a' })
    trail.add({ id: 'b' })
    trail.alter(1, () => '\u0000 not a record')
    expect(await idsOf(trail, {})).toEqual(['b'])
  })
})
