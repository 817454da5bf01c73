import { RESOLVE, resolveSubject, type Audience, type Position } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, until, type Created, type Replica, type Stage } from './stage.ts'

let stage: Stage
let one: Replica
let two: Replica
let operator: Created
beforeAll(async () => {
  stage = await setStage()
  // Both at once: one of them creates the log.
  ;[one, two] = await Promise.all([stage.start(), stage.start()])
  operator = await stage.login('curfew/operator')
})
afterAll(() => stage[Symbol.asyncDispose]())

const reason = 'test'

async function revokeUser(by: Replica, user: string): Promise<Position> {
  const scope = { type: 'user', tenant: 'acme', user }
  const response = await by.as(operator).post('/v1/revocations', { scope, reason })
  return (await expectJson<{ revocation: { position: Position } }>(response, 200)).revocation.position
}

/** One answer with the position that it vouches for, from whichever replica is asked. */
async function resolveWithPosition(of: Created): Promise<{ asOf: Position; status: string }> {
  const subject = resolveSubject(1, 'gateway' as Audience)
  const answer = await ask(stage.gateway, RESOLVE, subject, { sessions: [of.session.id], minSeq: 0 })
  return { asOf: answer.asOf, status: answer.sessions[0]?.status ?? 'none' }
}

describe('two replicas', () => {
  it('say the same thing about one role at once, and every change goes through', async () => {
    const answers = await Promise.all(
      [one, two, one, two].map((replica, index) =>
        replica.as(operator).put('/v1/tenants/acme/roles/contended', { permissions: [`at:once${index}`] }),
      ),
    )
    const told = await Promise.all(
      answers.map(async (answer) => expectJson<{ position: string; permissions: string[] }>(answer, 200)),
    )
    expect(new Set(told.map(({ position }) => position)).size).toBe(4)
    const [last] = told.toSorted((a, b) => (a.position < b.position ? 1 : -1))
    const held = await stage.redis.hget('curfew:wide', 'role:acme/contended')
    expect(held).toContain(last?.permissions[0])
  })

  it('seed the log once', async () => {
    const grants = await expectJson<{ position: string }>(
      await one.as(operator).get('/v1/subjects/acme/alice/grants'),
      200,
    )
    const same = await expectJson<{ position: string }>(
      await two.as(operator).get('/v1/subjects/acme/alice/grants'),
      200,
    )
    expect(same).toEqual(grants)
  })

  it('both know within a moment what one of them was told', async () => {
    for (const [by, other] of [
      [one, two],
      [two, one],
    ] as const) {
      const alice = await stage.login('acme/alice')
      await revokeUser(by, 'alice')
      await until('the other one knows', async () => {
        const response = await other.as(operator).get(`/v1/sessions/${alice.session.id}`)
        return response.status === 404
      })
      const grants = { roles: [], permissions: [`seen-by:${by === one ? 'one' : 'two'}`] }
      await expectJson(await by.as(operator).put('/v1/subjects/acme/bob/grants', grants), 200)
      await until('the other one knows', async () => {
        const response = await other.as(operator).get('/v1/subjects/acme/bob/grants')
        return (await response.text()).includes(grants.permissions[0] ?? '')
      })
    }
  })

  it('never vouch for a position whose revocation they do not apply, however it races with Redis', async () => {
    let checked = 0
    for (let round = 0; round < 40; round++) {
      const victim = await stage.login('acme/victim')
      const over = new AbortController()
      const heard: { asOf: Position; status: string }[] = []
      const asking = Array.from({ length: 8 }, async () => {
        while (!over.signal.aborted) heard.push(await resolveWithPosition(victim))
      })
      const position = await revokeUser(round % 2 === 0 ? one : two, 'victim')
      for (let more = 0; more < 5; more++) heard.push(await resolveWithPosition(victim))
      over.abort()
      await Promise.all(asking)
      for (const { asOf, status } of heard) {
        if (asOf < position) continue
        checked++
        expect(status).toBe('refused')
      }
    }
    expect(checked).toBeGreaterThan(100)
  })

  it('vouch for nothing older while many facts pass by', async () => {
    const by = one.as(operator)
    const alice = await stage.login('acme/carl')
    for (let n = 1; n <= 30; n++) {
      const burst = Array.from({ length: 10 }, (_, i) =>
        by.put(`/v1/subjects/acme/filler-${i}/grants`, { roles: [], permissions: [`n:${n}`] }),
      )
      const own = by.put('/v1/subjects/acme/carl/grants', { roles: [], permissions: [`n:${n}`] })
      const { position } = await expectJson<{ position: Position }>(await own, 200)
      const subject = resolveSubject(1, 'gateway' as Audience)
      const { asOf, sessions } = await ask(stage.gateway, RESOLVE, subject, {
        sessions: [alice.session.id],
        minSeq: 0,
      })
      const [resolved] = sessions
      if (asOf >= position && resolved?.status === 'live')
        expect(resolved.session.permissions).toEqual([`n:${n}`])
      await Promise.all(burst)
    }
  })

  it('lead a repeated key back to one revocation, whichever is asked', async () => {
    const request = (by: Replica): Promise<Response> =>
      by.as(operator).request('POST', '/v1/revocations', {
        json: { scope: { type: 'client', client: 'kiosk' }, reason },
        headers: { 'idempotency-key': 'both' },
      })
    const answers = await Promise.all([one, two, one, two].map(request))
    const revocations = await Promise.all(
      answers.map((response) => expectJson<{ revocation: { position: string } }>(response, 200)),
    )
    expect(new Set(revocations.map(({ revocation }) => revocation.position)).size).toBe(1)
  })

  it('spare only one when both are told to spare another', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await stage.login('curfew/operator'), await stage.login('curfew/operator')]
      const body = {
        scope: { type: 'user', tenant: 'curfew', user: 'operator' },
        reason,
        except_current: true,
      }
      const answers = await Promise.all([
        one.as(a).post('/v1/revocations', body),
        two.as(b).post('/v1/revocations', body),
      ])
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 401]))
      await until('both agree', async () => {
        const statuses = await Promise.all([a, b, a, b].map((each) => stage.statusOf(each)))
        return statuses.filter((status) => status === 'live').length === 2
      })
    }
    operator = await stage.login('curfew/operator')
  })

  it('stay one when one of them leaves and comes back', async () => {
    const alice = await stage.login('acme/alice')
    await stage.stop(two)
    for (let n = 0; n < 50; n++) await revokeUser(one, `gone-${n}`)
    await revokeUser(one, 'alice')
    two = await stage.start()
    for (let n = 0; n < 20; n++) expect(await stage.statusOf(alice)).toBe('revoked')
  })
})
