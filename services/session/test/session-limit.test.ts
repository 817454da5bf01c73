import {
  CREATE_SESSION,
  SUBJECTS,
  type ClientId,
  type Position,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { RequestFailed, ask } from '@curfew/messaging'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { TestVerifier } from './rotating.ts'
import { setStage, until, type Created, type Replica, type Stage } from './stage.ts'

const MAX = 10
let stage: Stage
let replicas: Replica[]
beforeAll(async () => {
  stage = await setStage()
  const env = { SESSION_MAX_PER_USER: String(MAX) }
  replicas = await Promise.all([stage.start(env), stage.start(env)])
})
afterAll(() => stage[Symbol.asyncDispose]())

const lines = (): string => replicas.flatMap((replica) => replica.lines).join('')
async function liveOf(created: readonly Created[]): Promise<Created[]> {
  const statuses = await Promise.all(created.map((each) => stage.statusOf(each)))
  return created.filter((_, index) => statuses[index] === 'live')
}

/** However busy the machine is: who hears that nothing can be said at the moment tries again, as people do. */
async function logIn(who: string, birth: Position): Promise<Created> {
  const [tenant, user] = who.split('/') as [TenantId, UserId]
  const client = 'browser' as ClientId
  const question = { birth, tenant, user, client, acr: 'aal1', amr: ['pwd'] }
  for (;;) {
    const asking = ask(stage.gateway, CREATE_SESSION, SUBJECTS.createSession, question, { timeoutMs: 30_000 })
    const answer = await asking.catch((error: unknown) => {
      if (error instanceof RequestFailed && error.code === 'unavailable') return undefined
      throw error
    })
    if (answer?.outcome === 'created') return answer
    if (answer !== undefined) throw new Error(`refused: ${answer.reason}`)
  }
}

describe('a user with as many sessions as may be', () => {
  it('loses the oldest with one more login, before that is answered, and nobody else loses any', async () => {
    await using gateway = await TestVerifier.start(stage)
    const other = await stage.login('acme/bob')
    const created: Created[] = []
    for (let n = 0; n < MAX; n++) created.push(await stage.login('acme/alice'))
    expect(await liveOf(created)).toEqual(created)
    const [oldest] = created as [Created]
    await gateway.remembers(oldest)
    await stage.login('acme/alice')
    expect(await gateway.verdictOn(oldest.token)).toBe('revoked')
    expect(await liveOf(created)).toEqual(created.slice(1))
    expect(await stage.statusOf(other)).toBe('live')
    expect(lines()).toContain('"event":"session.limit.exceeded"')
  })

  it('has exactly that many after fifty logins at once at two replicas', async () => {
    for (const user of ['acme/crowd', 'acme/throng']) {
      const birth = await stage.prepare()
      const created = await Promise.all(Array.from({ length: 50 }, () => logIn(user, birth)))
      expect(await liveOf(created)).toHaveLength(MAX)
      // And one more is still one more.
      const last = await stage.login(user)
      expect(await liveOf([...created, last])).toHaveLength(MAX)
      expect(await stage.statusOf(last)).toBe('live')
    }
  })

  it('may log in again for each that was ended, whoever ended it', async () => {
    const created: Created[] = []
    for (let n = 0; n < MAX; n++) created.push(await stage.login('acme/carl'))
    const [first, second, ...others] = created as [Created, Created, ...Created[]]
    await stage.logout(second)
    await stage.login('acme/carl')
    expect(await stage.statusOf(first)).toBe('live')
    expect(await liveOf(others)).toEqual(others)
    // All but the oldest are revoked at once: they stay in Redis until they expire, and count no more.
    const operator = replicas[0]?.as(await stage.login('curfew/operator'))
    if (operator === undefined) throw new Error('no replica')
    await stage.revokeUser(operator, 'carl')
    const afterwards: Created[] = []
    for (let n = 0; n < MAX; n++) afterwards.push(await stage.login('acme/carl'))
    expect(await liveOf(afterwards)).toEqual(afterwards)
  })
})

it('sessions that have reached their idle limit do not count', async () => {
  await using own = await setStage()
  await own.start({
    SESSION_MAX_PER_USER: '2',
    SESSION_IDLE_TIMEOUT_SECONDS: '2',
    SESSION_ABSOLUTE_TIMEOUT_SECONDS: '600',
  })
  const idle = await own.login('acme/alice')
  const used = await own.login('acme/alice')
  await until('one has reached it, the other is in use', async () => {
    await own.statusOf(used)
    return Date.now() > Date.parse(idle.session.idleExpiresAt) + 500
  })
  expect(await own.statusOf(used)).toBe('live')
  const next = await own.login('acme/alice')
  expect([await own.statusOf(used), await own.statusOf(next)]).toEqual(['live', 'live'])
  await own.login('acme/alice')
  expect([await own.statusOf(used), await own.statusOf(next)]).not.toContain('unavailable')
  expect(await own.statusOf(used)).not.toBe('live')
})
