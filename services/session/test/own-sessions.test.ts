import {
  END_OTHER_SESSIONS,
  END_OWN_SESSION,
  LIST_SESSIONS,
  MAX_ANSWER_BYTES,
  SUBJECTS,
  type ClientId,
  type ListedSession,
  type SessionId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, TestClock, type Created, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
const clock = new TestClock()
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start({}, { clock })
})
afterAll(() => stage[Symbol.asyncDispose]())

const NOBODY = 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId
const subject = (user: string, tenant = 'acme') => ({ tenant: tenant as TenantId, user: user as UserId })
const by = (user: string) => ({ ...subject(user), actor: `acme/${user}`, reason: 'no longer needed' })

const list = async (user: string, tenant?: string): Promise<readonly ListedSession[]> =>
  (await ask(stage.gateway, LIST_SESSIONS, SUBJECTS.listSessions, subject(user, tenant))).sessions
const endOwn = (user: string, session: SessionId, asking: Created) =>
  ask(
    stage.gateway,
    END_OWN_SESSION,
    SUBJECTS.endOwnSession,
    { ...by(user), session, by: asking.session.id },
    { timeoutMs: 5_000 },
  )
const endOthers = (user: string, except: SessionId) =>
  ask(
    stage.gateway,
    END_OTHER_SESSIONS,
    SUBJECTS.endOtherSessions,
    { ...by(user), except },
    { timeoutMs: 5_000 },
  )

describe('a list', () => {
  it('has the user’s live sessions, newest first, with what helps to recognise them', async () => {
    const phone = await stage.login('acme/lisa', {
      label: 'Firefox on Android',
      addressClass: '192.0.2.0/24',
    })
    clock.aheadMs += 5_000
    const laptop = await stage.login('acme/lisa', { label: 'laptop', client: 'api' as ClientId })
    const ended = await stage.login('acme/lisa')
    await stage.logout(ended)
    await stage.login('globex/lisa')
    const sessions = await list('lisa')
    expect(sessions.map(({ id }) => id)).toEqual([laptop.session.id, phone.session.id])
    expect(sessions[1]).toMatchObject({
      label: 'Firefox on Android',
      addressClass: '192.0.2.0/24',
      lastSeenAt: phone.session.createdAt,
      createdAt: phone.session.createdAt,
    })
    expect(JSON.stringify(sessions)).not.toContain(phone.token.slice(-43))
    expect(await list('lisa', 'nowhere')).toEqual([])
  })

  it('says when a session was last seen', async () => {
    const { session } = await stage.login('acme/otto')
    clock.aheadMs += 120_000
    await stage.resolve([session.id])
    const [listed] = await list('otto')
    expect(Date.parse(listed?.lastSeenAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(session.createdAt) + 120_000,
    )
  })

  it('stays within bounds for a user with many sessions and many permissions', async () => {
    const operator = replica.as(await stage.login('curfew/operator'))
    const permissions = Array.from({ length: 256 }, (_, n) => `documents:${'x'.repeat(14)}-${n}`)
    await expectJson(await operator.put('/v1/subjects/acme/many/grants', { roles: [], permissions }), 200)
    for (let round = 0; round < 12; round++)
      await Promise.all(Array.from({ length: 10 }, () => stage.login('acme/many')))
    const newest = await stage.login('acme/many')
    const sessions = await list('many')
    expect(sessions.length).toBeGreaterThan(10)
    expect(sessions.length).toBeLessThanOrEqual(100)
    expect(Buffer.byteLength(JSON.stringify(sessions))).toBeLessThanOrEqual(MAX_ANSWER_BYTES)
    expect(Date.parse(sessions[0]?.createdAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(newest.session.createdAt),
    )
  })
})

describe('ending one session', () => {
  it('ends it and no other, confirmed', async () => {
    const [one, other] = [await stage.login('acme/nina'), await stage.login('acme/nina')]
    expect(await endOwn('nina', one.session.id, other)).toEqual({ outcome: 'ended', state: 'confirmed' })
    expect(await stage.statusOf(one)).toBe('unknown')
    expect(await stage.statusOf(other)).toBe('live')
  })

  it('answers alike for another’s, for one that is over and for one that never was, and does nothing', async () => {
    const [theirs, elsewhere] = [await stage.login('acme/bob'), await stage.login('globex/nina')]
    const [over, mine] = [await stage.login('acme/nina'), await stage.login('acme/nina')]
    await stage.logout(over)
    for (const id of [theirs.session.id, elsewhere.session.id, over.session.id, NOBODY])
      expect(await endOwn('nina', id, mine)).toEqual({ outcome: 'unknown' })
    for (const asking of [theirs, elsewhere, over])
      expect(await endOwn('nina', mine.session.id, asking)).toEqual({ outcome: 'refused' })
    expect(await stage.statusOf(mine)).toBe('live')
    expect(await stage.statusOf(theirs)).toBe('live')
    expect(await stage.statusOf(elsewhere)).toBe('live')
  })
})

describe('ending all others', () => {
  it('spares the one, ends those that were there, and not those that come after', async () => {
    const [kept, one, two] = [
      await stage.login('acme/pia'),
      await stage.login('acme/pia'),
      await stage.login('acme/pia'),
    ]
    const theirs = await stage.login('acme/bob')
    expect(await endOthers('pia', kept.session.id)).toEqual({ outcome: 'ended', state: 'confirmed' })
    const later = await stage.login('acme/pia')
    const statuses = await Promise.all([kept, one, two, theirs, later].map((each) => stage.statusOf(each)))
    expect(statuses).toEqual(['live', 'revoked', 'revoked', 'live', 'live'])
    // The operators' history shows it as what it is.
    const operator = replica.as(await stage.login('curfew/operator'))
    const { revocations } = await expectJson<{ revocations: object[] }>(
      await operator.get('/v1/revocations'),
      200,
    )
    expect(revocations[0]).toMatchObject({ actor: 'acme/pia', except: [kept.session.id] })
  })

  it('is refused where the session to spare is over or another’s, and ends nothing', async () => {
    const [live, over, theirs] = [
      await stage.login('acme/rosa'),
      await stage.login('acme/rosa'),
      await stage.login('acme/bob'),
    ]
    await stage.logout(over)
    for (const id of [over.session.id, theirs.session.id, NOBODY])
      expect(await endOthers('rosa', id)).toEqual({ outcome: 'refused' })
    expect(await stage.statusOf(live)).toBe('live')
  })

  it('leaves exactly one when two sessions end each other at once', async () => {
    const [a, b] = [await stage.login('acme/tina'), await stage.login('acme/tina')]
    const outcomes = await Promise.all([endOthers('tina', a.session.id), endOthers('tina', b.session.id)])
    const statuses = await Promise.all([a, b].map((each) => stage.statusOf(each)))
    expect(statuses.toSorted()).toEqual(['live', 'revoked'])
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['ended', 'refused'])
  })
})
