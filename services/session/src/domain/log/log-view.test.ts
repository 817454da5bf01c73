import {
  formatPosition,
  ORIGIN,
  subjectKey,
  type LogEntry,
  type MemberId,
  type Position,
  type Scope,
  type SessionId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { factOf, mergeSubjectFacts, type SubjectFacts } from './facts.ts'
import { LogView } from './log-view.ts'

const at = (seq: number): Position => formatPosition(1, seq)
const SESSION = 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId
const ALICE = subjectKey('acme' as TenantId, 'alice' as UserId)

function revoked(scope: object, id = 'id'): LogEntry {
  return { v: 1, id, type: 'revoked', at: '', actor: 'system', scope: scope as Scope }
}
const revokeAlice = (id: string): LogEntry => revoked({ type: 'user', tenant: 'acme', user: 'alice' }, id)
const replica = 'r' as MemberId
const barrier: LogEntry = { v: 1, id: 'b', type: 'barrier', at: '', actor: 'system', replica }
const grantAlice = (permission: string): LogEntry => ({
  v: 1,
  id: permission,
  type: 'grants-changed',
  at: '',
  actor: 'system',
  tenant: 'acme' as TenantId,
  user: 'alice' as UserId,
  roles: [],
  permissions: [permission] as never[],
})

describe('the view', () => {
  it('adds to what Redis says until Redis says it itself', () => {
    const view = new LogView()
    view.apply(revokeAlice('one'), at(1))
    expect(view.subject(ALICE, {}).watermark?.position).toBe(at(1))
    expect(view.unprojected('one')?.position).toBe(at(1))
    view.markProjected(at(1))
    expect(view.subject(ALICE, {})).toEqual({})
    expect(view.unprojected('one')).toBeUndefined()
  })

  it('never lets an older fact from Redis win, nor itself over a newer one', () => {
    const view = new LogView()
    view.apply(revokeAlice('one'), at(5))
    const older = { watermark: { position: at(4), except: [SESSION] } }
    const newer = { watermark: { position: at(6), except: [SESSION] } }
    expect(view.subject(ALICE, older).watermark).toEqual({ position: at(5), except: [] })
    expect(view.subject(ALICE, newer).watermark).toEqual(newer.watermark)
  })

  it('keeps what a reading that is under way may have missed', () => {
    const view = new LogView()
    const pin = view.pin()
    view.apply(revoked({ type: 'session', session: SESSION }), at(1))
    view.apply(revokeAlice('two'), at(2))
    view.markProjected(at(2))
    // The reading may have happened before Redis was written.
    expect(view.endedAt(SESSION)).toBe(at(1))
    expect(view.subject(ALICE, {}).watermark?.position).toBe(at(2))
    const later = view.pin()
    pin.release()
    expect(view.endedAt(SESSION)).toBeUndefined()
    expect(later.floor).toBe(at(2))
    later.release()
    later.release()
  })

  it('keeps a newer fact when an older one of the same subject is projected', () => {
    const view = new LogView()
    view.apply(revokeAlice('one'), at(1))
    view.apply(grantAlice('a:read'), at(2))
    view.markProjected(at(1))
    expect(view.subject(ALICE, {}).grants?.position).toBe(at(2))
    view.markProjected(at(2))
    expect(view.subject(ALICE, {})).toEqual({})
  })

  it('hands out its backlog in order, in parts, and moves over barriers at its end', () => {
    const view = new LogView()
    for (const seq of [1, 2, 3]) view.apply(revokeAlice(`r${seq}`), at(seq))
    view.apply(barrier, at(4))
    expect(view.pending(2)).toMatchObject({
      entries: [{ position: at(1) }, { position: at(2) }],
      upTo: at(2),
    })
    view.markProjected(at(2))
    expect(view.backlog).toBe(1)
    expect(view.pending(2)).toMatchObject({ entries: [{ position: at(3) }], upTo: at(4) })
    view.markProjected(at(4))
    expect(view.pending(2)).toEqual({ entries: [], upTo: at(4) })
    expect(view.lag).toBe(0)
  })

  it('takes the word of another replica that Redis holds more', () => {
    const view = new LogView()
    for (const seq of [1, 2, 3]) view.apply(revokeAlice(`r${seq}`), at(seq))
    view.markProjected(at(9))
    expect(view.backlog).toBe(0)
    view.apply(revokeAlice('old'), at(8))
    view.markProjected(at(2))
    expect(view.projected).toBe(at(9))
  })

  it('ignores what it has had', () => {
    const view = new LogView()
    view.apply(revokeAlice('one'), at(3))
    expect(view.apply(revoked({ type: 'global' }), at(3))).toBeUndefined()
    expect(view.wide.global).toBeUndefined()
    expect(view.backlog).toBe(1)
  })

  it('keeps the beginning of a backlog that grows too long, and says that it has gaps', () => {
    const view = new LogView(2)
    for (const seq of [1, 2, 3]) view.apply(revokeAlice(`r${seq}`), at(seq))
    view.apply(revoked({ type: 'global' }), at(4))
    expect(view.complete).toBe(false)
    expect(view.applied).toBe(at(4))
    expect(view.wide.global?.position).toBe(at(4))
    expect(view.pending(10)).toMatchObject({
      entries: [{ position: at(1) }, { position: at(2) }],
      upTo: at(2),
    })
    view.markProjected(at(2))
    // Redis does not hold what was dropped, so the position must not move over it.
    expect(view.pending(10)).toEqual({ entries: [], upTo: at(2) })
    view.reset(at(2), [], { epoch: 1 })
    expect(view.complete).toBe(true)
  })

  it('is no base for a reading that began before it was reset', () => {
    const view = new LogView()
    view.apply(revokeAlice('one'), at(1))
    const pin = view.pin()
    view.reset(ORIGIN, [], { epoch: 1 })
    expect(pin.intact).toBe(false)
    pin.release()
    const next = view.pin()
    expect(next.intact).toBe(true)
    expect(next.floor).toBe(ORIGIN)
  })

  it('never forgets a wide fact, not even when it is reset to an older one', () => {
    const view = new LogView()
    view.apply(revoked({ type: 'tenant', tenant: 'acme' }), at(7))
    const older = { position: at(3), except: [] }
    view.reset(at(3), [{ kind: 'tenant', tenant: 'acme' as TenantId, value: older }], { epoch: 1 })
    expect(view.wide.tenant('acme' as TenantId)?.position).toBe(at(7))
  })
})

describe('Redis and the view together', () => {
  type Move = 'apply' | 'project' | 'pin' | 'read' | 'release'

  it('are always everything up to the applied position, whatever happens in between', () => {
    const moves = fc.array(fc.constantFrom<Move>('apply', 'project', 'pin', 'read', 'release'), {
      maxLength: 80,
    })
    fc.assert(
      fc.property(moves, (sequence) => {
        const view = new LogView()
        let redis: SubjectFacts = {}
        let truth: SubjectFacts = {}
        let seq = 0
        const readers: { pin: ReturnType<LogView['pin']>; asOf: Position; read?: SubjectFacts }[] = []
        for (const move of sequence) {
          if (move === 'apply') {
            const entry = ++seq % 2 === 0 ? revokeAlice(`r${seq}`) : grantAlice(`p:${seq}`)
            view.apply(entry, at(seq))
            truth = mergeSubjectFacts(truth, factsOf(entry, at(seq)))
          } else if (move === 'project') {
            const { entries, upTo } = view.pending(2)
            for (const { entry, position } of entries)
              redis = mergeSubjectFacts(redis, factsOf(entry, position))
            view.markProjected(upTo)
          } else if (move === 'pin') readers.push({ pin: view.pin(), asOf: view.applied })
          else if (move === 'read') {
            const reader = readers.find(({ read }) => read === undefined)
            if (reader) reader.read = redis
          } else {
            const reader = readers.shift()
            if (reader?.read) expect(view.subject(ALICE, reader.read)).toEqual(truth)
            reader?.pin.release()
          }
        }
      }),
    )
  })

  function factsOf(entry: LogEntry, position: Position): SubjectFacts {
    const fact = factOf(entry, position)
    return fact?.reach === 'subject' && fact.subject === ALICE ? fact.facts : {}
  }
})
