import { formatPosition, newSessionId, type Position } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { ALICE, MemoryLog, MemoryReplica, MemoryStore, revokedEntry } from '../sessions/authority.fixture.ts'
import { sessionForTest } from '../sessions/session-record.fixture.ts'
import type { SessionRecord } from '../sessions/session-record.ts'
import { countAffected, countEnded } from './count-affected.ts'

const ALICE_SCOPE = { tenant: ALICE.tenant, user: ALICE.user }

describe('the count after a revocation of everyone', () => {
  const everyone = { type: 'global' } as const
  const at = (seq: number): Position => formatPosition(1, seq)
  const session = (birth: number): SessionRecord => sessionForTest({ id: newSessionId(), birth: at(birth) })

  async function endedBy(
    records: readonly SessionRecord[],
    { before }: { before?: number },
  ): Promise<unknown> {
    const [store, log] = [new MemoryStore(), new MemoryLog()]
    for (const record of records) store.sessions.set(record.id, record)
    const replica = new MemoryReplica({ store, log })
    log.append(revokedEntry(everyone))
    replica.applyAll()
    const position = replica.view.wide.global?.position ?? at(0)
    const earlier = before === undefined ? undefined : { position: at(before), except: [] }
    return countEnded(replica.ports, { scope: everyone, at: position, before: earlier })
  }

  it('has those that were live until then, and none that began since', async () => {
    expect(await endedBy([session(1), session(2), session(1_000)], {})).toEqual({
      count: 2,
      isComplete: true,
    })
  })

  it('leaves out who was ended by the one before it', async () => {
    expect(await endedBy([session(1), session(4)], { before: 3 })).toEqual({ count: 1, isComplete: true })
  })

  it('is no more than a lower limit where something that came later may hide what was live', async () => {
    const [store, log] = [new MemoryStore(), new MemoryLog()]
    for (const record of [session(1), session(1)]) store.sessions.set(record.id, record)
    const replica = new MemoryReplica({ store, log })
    log.append(revokedEntry(everyone))
    replica.applyAll()
    const position = replica.view.wide.global?.position ?? at(0)
    const counted = { scope: everyone, at: position, before: undefined }
    log.append(revokedEntry({ type: 'user', ...ALICE_SCOPE }))
    replica.applyAll()
    expect(await countEnded(replica.ports, counted)).toEqual({ count: 0, isComplete: false })
  })

  it('says how many there were at most where it was not finished', async () => {
    const many = Array.from({ length: 3 }, () => session(1))
    const [store, log] = [new MemoryStore(), new MemoryLog()]
    for (const record of many) store.sessions.set(record.id, record)
    const { ports } = new MemoryReplica({ store, log })
    expect(await countAffected(ports, everyone, { isLate: () => true })).toEqual({
      count: 0,
      isComplete: false,
      countMax: 3,
    })
  })
})
