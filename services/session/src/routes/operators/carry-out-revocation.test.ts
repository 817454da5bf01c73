import { describe, expect, it } from 'vitest'

import { ALICE, MemoryLog, MemoryReplica, MemoryStore } from '../../domain/sessions/authority.fixture.ts'
import { countSoon } from './carry-out-revocation.ts'

const scope = { type: 'user', tenant: ALICE.tenant, user: ALICE.user } as const

describe('the count before a revocation', () => {
  it('is given up while the store does not answer: the revocation must not wait for it', async () => {
    const hook = (): Promise<void> => new Promise(() => undefined)
    const replica = new MemoryReplica({ store: new MemoryStore(), log: new MemoryLog(), hook })
    expect(await countSoon(replica.ports, { scope })).toBeUndefined()
  })

  it('is not had, and nothing fails, where the store fails', async () => {
    const hook = (): Promise<void> => Promise.reject(new Error('away'))
    const replica = new MemoryReplica({ store: new MemoryStore(), log: new MemoryLog(), hook })
    expect(await countSoon(replica.ports, { scope })).toBeUndefined()
  })
})
