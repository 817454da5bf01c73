import {
  END_SESSION,
  JOIN,
  LEAVE,
  RENEW_LEASE,
  SUBJECTS,
  ackSubject,
  memberSubject,
  renewSubject,
  type Audience,
  type MemberId,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { expectJson, expectProblem } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { ReplicaProcess, TestMember } from './members.ts'
import {
  AT_ONCE_MS,
  ENV,
  LEASE_MS,
  Operating,
  W_MS,
  byAcknowledgement,
  byExpiry,
  type Answer,
} from './operating.ts'
import { sessionIdOf, until, setStage, type Replica, type Stage } from './stage.ts'

const DOCUMENTS = 'documents' as Audience

let stage: Stage
let one: Replica
let operating: Operating
beforeEach(async () => {
  stage = await setStage()
  one = await stage.start(ENV)
  operating = new Operating(await stage.login('curfew/operator'), one)
})
afterEach(() => stage[Symbol.asyncDispose]())

describe('a revocation is confirmed', () => {
  it('at once when everyone acknowledges it', async () => {
    await using member = await new TestMember(stage.gateway).join()
    const took: number[] = []
    for (let round = 0; round < 20; round++) {
      const answer = await operating.revoke()
      expect(answer).toMatchObject(byAcknowledgement(2))
      took.push(answer.tookMs)
    }
    expect(took.toSorted((a, b) => a - b)[10]).toBeLessThan(AT_ONCE_MS)
    expect(await operating.isListed(member.id)).toBe(true)
  })

  it('without one that has joined and is silent, after W; it is evicted, and then nobody waits for it', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const answer = await operating.revoke()
    expect(answer).toMatchObject(byExpiry(2))
    expect(answer.tookMs).toBeGreaterThanOrEqual(W_MS - 5)
    expect(answer.tookMs).toBeLessThan(W_MS + AT_ONCE_MS)
    await until('it is evicted', async () => !(await operating.isListed(silent.id)))
    expect(await silent.renew()).toEqual({ outcome: 'not-a-member' })
    await until('nobody waits for it', async () => {
      const next = await operating.revoke()
      return next.tookMs < AT_ONCE_MS && next.verifiers?.total === 1
    })
  })

  it('early by one that acknowledges it with its next renewal', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    expect(await silent.renew()).toMatchObject({ outcome: 'granted', leaseMs: LEASE_MS, epoch: 1 })
    let isAnswered = false
    const asked = operating.revoke().finally(() => {
      isAnswered = true
    })
    await until('it is confirmed', async () => {
      await silent.renew()
      return isAnswered
    })
    expect(await asked).toMatchObject(byAcknowledgement(2))
  })

  it('without W for an acknowledgement that got lost: it is asked for again', async () => {
    await using forgetful = await new TestMember(stage.gateway, { missed: 1 }).join()
    const answer = await operating.revoke()
    expect(answer).toMatchObject(byAcknowledgement(2))
    expect(answer.tookMs).toBeGreaterThanOrEqual(295)
    expect(answer.tookMs).toBeLessThan(AT_ONCE_MS)
    expect(await operating.isListed(forgetful.id)).toBe(true)
  })

  it('never by the word of another service, which can neither acknowledge nor leave for a member', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const forged = { member: silent.id, applied: 1_000_000, nonce: 'n', cachedSessions: 0 }
    const asked = operating.revoke()
    await expect(
      ask(stage.documents, LEAVE, memberSubject(1, 'leave', DOCUMENTS), { member: silent.id }),
    ).rejects.toThrow(/unavailable/)
    const answer = await whileForging(asked, async () => {
      const replica = (await operating.verifiers()).find(({ service }) => service === 'session')
      const { member, applied } = forged
      stage.documents.publish(
        ackSubject(1, replica?.['id'] as MemberId, DOCUMENTS),
        JSON.stringify({ member, applied }),
      )
      await ask(stage.documents, RENEW_LEASE, renewSubject(1, DOCUMENTS), forged)
    })
    expect(answer).toMatchObject(byExpiry(2))
    expect(answer.tookMs).toBeGreaterThanOrEqual(W_MS - 5)
  })

  it.each([
    ['as another service', { service: 'gateway' }],
    ['as a replica', { kind: 'replica' }],
  ] as const)('and nobody joins %s', async (_, change) => {
    const honest = { kind: 'verifier', service: 'documents', host: 'test', protocol: 1 } as const
    const member = { ...honest, member: 'impostor-1' as MemberId, ...change }
    await expect(ask(stage.documents, JOIN, memberSubject(1, 'join', DOCUMENTS), member)).rejects.toThrow(
      /unavailable/,
    )
    expect(await operating.isListed('impostor-1')).toBe(false)
  })

  it('without waiting for one that left in order', async () => {
    await using member = await new TestMember(stage.gateway, { isSilent: true }).join()
    await member.leave()
    expect(await operating.revoke()).toMatchObject(byAcknowledgement(1))
    await member.leave()
    expect(await operating.isListed(member.id)).toBe(false)
  })

  it('never early by a member of a protocol that is not known here', async () => {
    await using stranger = await new TestMember(stage.gateway).join({ protocol: 2 })
    expect(await stranger.renew()).toMatchObject({ outcome: 'granted' })
    const answer = await operating.revoke()
    expect(answer).toMatchObject(byExpiry(2))
    expect(answer.tookMs).toBeGreaterThanOrEqual(W_MS - 5)
  })

  it('with Redis gone, though it is not recorded', async () => {
    await expectJson(await operating.at().get('/v1/sessions'), 200)
    await stage.killRedis()
    const answer = await operating.revoke()
    expect(answer).toMatchObject({ ...byAcknowledgement(1), recorded: false })
    await stage.servers.redis.restart()
    await until('it is recorded', async () => (await operating.revoke(one, 'later')).recorded)
  })

  it('in the history too, once this replica knows', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const asked = operating.revoke(one, 'shown')
    let id = ''
    await until('it is in the history', async () => {
      const list = await expectJson<{ revocations: { id: string }[] }>(
        await operating.at().get('/v1/revocations'),
        200,
      )
      id = list.revocations[0]?.id ?? ''
      return id !== ''
    })
    const stateOf = async () =>
      (await expectJson<Answer>(await operating.at().get(`/v1/revocations/${id}`), 200)).state
    expect(await stateOf()).toBe('recorded')
    expect((await asked).revocation.id).toBe(id)
    expect(await stateOf()).toBe('confirmed')
    expect(silent.id).toBeTruthy()
  })

  it('so that logging out does not wait for who has crashed', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const alice = await stage.login('acme/alice')
    const startedAt = performance.now()
    const question = { session: sessionIdOf(alice.token), actor: 'acme/alice', reason: 'test' }
    const options = { timeoutMs: 5_000 }
    const { state } = await ask(stage.gateway, END_SESSION, SUBJECTS.endSession, question, options)
    expect(state).toBe('recorded')
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_490)
    expect(performance.now() - startedAt).toBeLessThan(W_MS)
    expect(await stage.statusOf(alice)).not.toBe('live')
    expect(await operating.isListed(silent.id)).toBe(true)
  })

  it('and counted', async () => {
    await operating.revoke()
    const metrics = await (await fetch(`${one.operationsUrl}/metrics`)).text()
    expect(metrics).toMatch(/^curfew_confirmations_total\{by="acknowledgement",service="session"\} 1$/m)
    expect(metrics).toMatch(/^curfew_confirmation_seconds_count\{service="session"\} 1$/m)
    expect(metrics).toMatch(/^curfew_members\{kind="replica",service="session"\} 1$/m)
    expect(metrics).toMatch(/^curfew_lease_remaining_seconds\{service="session"\} [01]\.\d+$/m)
  })
})

/** Tries again and again until the answer is there. */
async function whileForging(asked: Promise<Answer>, forge: () => Promise<void>): Promise<Answer> {
  let isAnswered = false
  const answered = asked.finally(() => {
    isAnswered = true
  })
  await until('it is answered', async () => {
    await forge()
    return isAnswered
  })
  return answered
}

describe('two replicas', () => {
  it('wait for each other: whoever asks next is told by either', async () => {
    const two = await stage.start(ENV)
    for (let round = 0; round < 20; round++) {
      const [by, other] = round % 2 === 0 ? [one, two] : [two, one]
      const alice = await stage.login('acme/alice')
      expect(await operating.revoke(by)).toMatchObject(byAcknowledgement(2))
      const told = await operating.at(other).get(`/v1/sessions/${alice.session.id}`)
      await expectProblem(told, 404, 'not-found')
    }
  })

  it('stay members as long as they run, however quiet it is', async () => {
    const two = await stage.start(ENV)
    const before = (await operating.verifiers()).map(({ id }) => id)
    await new Promise((resolve) => setTimeout(resolve, 2 * W_MS))
    for (const by of [one, two]) {
      const listed = await operating.verifiers(by)
      expect(listed.map(({ id }) => id)).toEqual(before)
      for (const verifier of listed) expect(verifier['lag']).toBeLessThan(20)
    }
    expect(await operating.revoke()).toMatchObject(byAcknowledgement(2))
  })

  it('do not wait for one that stops in order', async () => {
    const two = await stage.start(ENV)
    expect(await operating.revoke()).toMatchObject(byAcknowledgement(2))
    await stage.stop(two)
    expect(await operating.revoke()).toMatchObject(byAcknowledgement(1))
  })

  it('wait W at most for one that is killed, and not at all once it is off the list', async () => {
    await using two = await ReplicaProcess.start(stage, ENV)
    expect(await operating.revoke(two)).toMatchObject(byAcknowledgement(2))
    await two.kill()
    const answer = await operating.revoke()
    expect(answer).toMatchObject(byExpiry(2))
    expect(answer.tookMs).toBeLessThan(W_MS + AT_ONCE_MS)
    await until('nobody waits for it', async () => (await operating.revoke()).tookMs < AT_ONCE_MS)
  })

  it('do without one that is stopped; going on, it says nothing old and joins again', async () => {
    await using two = await ReplicaProcess.start(stage, ENV)
    const alice = await stage.login('acme/alice')
    const path = `/v1/sessions/${alice.session.id}`
    await expectJson(await operating.at(two).get(path), 200)
    two.signal('SIGSTOP')
    const asked = operating.at(two).get(path)
    const answer = await operating.revoke()
    expect(answer).toMatchObject(byExpiry(2))
    await until('it is off the list', async () => (await operating.verifiers()).length === 1)
    await until('nobody waits for it', async () => (await operating.revoke()).tookMs < AT_ONCE_MS)
    two.signal('SIGCONT')
    expect([404, 503]).toContain((await asked).status)
    await until('it is ready', async () => (await fetch(`${two.operationsUrl}/readyz`)).ok)
    expect((await operating.at(two).get(path)).status).toBe(404)
    expect(await operating.verifiers()).toHaveLength(2)
    expect(await operating.revoke()).toMatchObject(byAcknowledgement(2))
    expect(await operating.revoke(two)).toMatchObject(byAcknowledgement(2))
  })

  it('both confirm a repeated key, whoever was asked first, and a crashed member is not waited for twice', async () => {
    const two = await stage.start(ENV)
    const first = await operating.revoke(one, 'twice')
    const again = await operating.revoke(two, 'twice')
    expect(again).toMatchObject({ ...byAcknowledgement(2), revocation: first.revocation })
    expect(again.tookMs).toBeLessThan(AT_ONCE_MS)
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const slow = await operating.revoke(one, 'slow')
    expect(slow).toMatchObject({ confirmed_by: 'lease-expiry' })
    const quick = await operating.revoke(one, 'slow')
    expect(quick).toMatchObject({ state: 'confirmed', revocation: slow.revocation })
    expect(quick.tookMs).toBeLessThan(AT_ONCE_MS)
    expect(silent.id).toBeTruthy()
  })
})
