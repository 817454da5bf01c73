import { formatPosition, type ClientId, type SessionId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { logoutId } from '../log/session-entries.ts'
import { ALICE, LIMITS, MemoryLog, MemoryReplica, MemoryStore, type Hook } from './authority.fixture.ts'
import { createSession, type SessionRequest } from './create-session.ts'

const SETTINGS = { limits: LIMITS, maxPerUser: 2 }

function setUp(hook?: Hook) {
  const [store, log] = [new MemoryStore(), new MemoryLog()]
  const replica = new MemoryReplica({ store, log, ...(hook && { hook }) })
  const birth = formatPosition(1, 5)
  const logIn = async (by: Partial<SessionRequest> = {}): Promise<SessionId> => {
    const asked = { ...ALICE, birth, acr: 'aal1', amr: [], ...by }
    const creation = await createSession(replica.ports, asked, SETTINGS)
    if (creation.outcome !== 'created') throw new Error(creation.reason)
    return creation.session.id
  }
  return { store, log, replica, logIn }
}

describe('one session more than may be', () => {
  it('ends the oldest, in the log and before the login is answered, and says so', async () => {
    const { log, replica, logIn } = setUp()
    const [first] = [await logIn(), await logIn()]
    expect(log.entries).toEqual([])
    await logIn()
    expect(log.entries.map(({ entry }) => entry)).toMatchObject([
      { type: 'revoked', reason: 'session limit', scope: { type: 'session', session: first } },
    ])
    expect(replica.told).toEqual(['sessionLimitExceeded', 'session.limit.exceeded'])
  })

  it('is no session when the log does not take the end of the oldest, and leaves nothing behind', async () => {
    let isLost = false
    const { store, log, logIn } = setUp((call) => {
      if (isLost && call === 'log.publish') throw new Error('log lost')
    })
    const before = [await logIn(), await logIn()]
    isLost = true
    await expect(logIn()).rejects.toThrow('log lost')
    expect([...store.sessions.keys()]).toEqual(before)
    isLost = false
    await logIn()
    // What the failed login would have ended is what the next one ends, and no more than that.
    expect(log.entries.map(({ entry }) => entry.type)).toEqual(['revoked'])
    expect(store.sessions.has(before[1] as SessionId)).toBe(true)
  })
})

describe('the sessions that a registered client begins', () => {
  const clientMade = (client: string) => ({ client: client as ClientId, isClientMade: true })

  it("end none that the user began at the gateway, and none of another client's", async () => {
    const { log, logIn } = setUp()
    await logIn()
    await logIn({ client: 'crm' as ClientId })
    await logIn(clientMade('shop'))
    const [first] = [await logIn(clientMade('crm')), await logIn(clientMade('crm'))]
    expect(log.entries).toEqual([])
    await logIn(clientMade('crm'))
    const ended = { type: 'revoked', scope: { type: 'session', session: first } }
    expect(log.entries.map(({ entry }) => entry)).toMatchObject([ended])
  })

  it('are exactly as many as may be after logins at once, as those of the gateway are', async () => {
    const { log, logIn } = setUp()
    const groups = [{}, clientMade('crm'), clientMade('shop')]
    const sessions = await Promise.all(
      groups.map((by) => Promise.all(Array.from({ length: 8 }, () => logIn(by)))),
    )
    const ended = new Set(log.entries.map(({ entry }) => entry.id))
    for (const group of sessions)
      expect(group.filter((id) => !ended.has(logoutId(id)))).toHaveLength(SETTINGS.maxPerUser)
  })
})
