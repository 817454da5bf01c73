import { DiscardPolicy, StorageType } from '@nats-io/jetstream'
import { describe, expect, it } from 'vitest'

import { brokenSettings, factsExpire, streamSettings } from './stream-settings.ts'

/** As nats-server 2.9.10 echoes it: what is off may be left out. */
const good = { ...streamSettings(3, 1), max_msgs: -1, max_bytes: -1, sealed: false, mirror_direct: false }

describe('brokenSettings', () => {
  it('is content with what it asks for', () => {
    expect(brokenSettings(3, good)).toEqual([])
    const { max_age: _1, allow_direct: _2, allow_rollup_hdrs: _3, ...sparse } = good
    expect(brokenSettings(3, sparse)).toEqual([])
  })

  it("leaves the operator's own limits, copies and a longer window alone", () => {
    const operated = {
      ...good,
      num_replicas: 3,
      max_bytes: 1e9,
      duplicate_window: good.duplicate_window! * 2,
    }
    expect(brokenSettings(3, operated)).toEqual([])
  })

  it.each([
    ['storage', { storage: StorageType.Memory }],
    ['subjects', { subjects: ['curfew.2.log.>'] }],
    ['subjects', { subjects: ['curfew.3.log.>', 'other'] }],
    ['max_msgs_per_subject', { max_msgs_per_subject: -1 }],
    ['max_age', { max_age: 1e9 }],
    ['discard', { discard: DiscardPolicy.Old }],
    ['discard_new_per_subject', { discard_new_per_subject: true }],
    ['duplicate_window', { duplicate_window: 120e9 }],
    ['allow_direct', { allow_direct: true }],
    ['deny_delete', { deny_delete: false }],
    ['deny_purge', { deny_purge: undefined }],
    ['allow_rollup_hdrs', { allow_rollup_hdrs: true }],
    ['republish', { republish: undefined }],
    ['republish', { republish: { src: 'curfew.3.log.>', dest: 'elsewhere.>' } }],
    ['republish', { republish: { ...good.republish!, headers_only: true } }],
    ['subject_delete_marker_ttl', { subject_delete_marker_ttl: 1e9 }],
    ['mirror_direct', { mirror_direct: true }],
    ['no_ack', { no_ack: true }],
    ['sealed', { sealed: true }],
    ['mirror', { mirror: { name: 'OTHER' } }],
    ['sources', { sources: [{ name: 'OTHER' }] }],
  ])('names %s when the server has it otherwise', (name, change) => {
    const broken = brokenSettings(3, { ...good, ...change } as typeof good)
    expect(broken).toHaveLength(1)
    expect(broken[0]).toMatch(new RegExp(`^${name}: `))
  })
})

describe('facts about sessions', () => {
  it('may expire where the server has taken that over, and stay where it did not know it; both are a log as it must be', () => {
    const { allow_msg_ttl: _, ...byOlderServer } = good
    expect([factsExpire(good), factsExpire(byOlderServer)]).toEqual([true, false])
    expect([brokenSettings(3, good), brokenSettings(3, byOlderServer)]).toEqual([[], []])
    expect(brokenSettings(3, { ...good, allow_msg_ttl: false })).toEqual([])
  })
})
