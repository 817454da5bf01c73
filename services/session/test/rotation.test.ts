import { setImmediate as nextTurn } from 'node:timers/promises'

import {
  REPORT_SECRETS,
  ROTATION_IN_FLIGHT_MS,
  SUBJECTS,
  formatSessionToken,
  newSessionSecret,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { BearerClient } from '@curfew/test-kit'
import type { VerifiedSession } from '@curfew/verifier'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { DOCUMENTS, TestVerifier, hashIn, relayTokenIn, rotate, tryRotate } from './rotating.ts'
import { eventsOf } from './trail.ts'
import { setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'

const clock = new TestClock()
let stage: Stage
let replicas: Replica[]
let one: TestVerifier
let two: TestVerifier
let documents: TestVerifier
beforeAll(async () => {
  stage = await setStage()
  replicas = await Promise.all([stage.start({}, { clock }), stage.start({}, { clock })])
  one = await TestVerifier.start(stage)
  two = await TestVerifier.start(stage)
  documents = await TestVerifier.start(stage, DOCUMENTS)
})
afterAll(async () => {
  for (const verifier of [one, two, documents]) await verifier[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

const lines = (): string => replicas.flatMap((replica) => replica.lines).join('')
const recordOf = ({ session }: Created) => stage.redis.hgetall(`curfew:session:${session.id}`)
const hasEnded = (created: Created) =>
  until('the session is over', async () => (await stage.statusOf(created)) !== 'live')

/** What a gateway forwards. */
function relayedToken({ verifier }: TestVerifier, session: VerifiedSession): string {
  return verifier.relayCredentials(session, DOCUMENTS).replace('Bearer ', '')
}

/** As a gateway tells it. */
async function report({ session, token }: Created, agoMs = 0): Promise<void> {
  const seen = [{ session: session.id, secretHash: hashIn(token), agoMs }]
  await ask(stage.gateway, REPORT_SECRETS, SUBJECTS.reportSecrets, { seen })
}

describe('a rotated session', () => {
  it('keeps its id, its birth and both its limits, and every verifier that remembered it knows the new secret', async () => {
    const before = await stage.login('acme/alice')
    for (const verifier of [one, two]) await verifier.remembers(before)
    const record = await recordOf(before)
    const after = await rotate(stage, before)
    expect(after.token).not.toBe(before.token)
    expect(after.session).toMatchObject({
      id: before.session.id,
      authTime: before.session.authTime,
      expiresAt: before.session.expiresAt,
      acr: before.session.acr,
    })
    // Before anything else is asked: nobody may refuse it, not even once.
    expect(await Promise.all([one, two].map((verifier) => verifier.verdictOn(after.token)))).toEqual([
      'admitted',
      'admitted',
    ])
    const { h: hash, b: birth, a: authentication, n: created } = await recordOf(after)
    expect([hash, birth, authentication, created]).toEqual([
      hashIn(after.token),
      record['b'],
      record['a'],
      record['n'],
    ])
  })

  it('begins both its limits anew after a re-authentication, at the level that was reached', async () => {
    const before = await stage.login('acme/alice', { acr: 'aal1' })
    clock.aheadMs += 60_000
    const after = await rotate(stage, before, { authentication: { acr: 'aal3', amr: ['pwd', 'otp'] } })
    clock.aheadMs -= 60_000
    const { authTime, expiresAt, idleExpiresAt, acr, amr } = after.session
    expect({ acr, amr }).toEqual({ acr: 'aal3', amr: ['pwd', 'otp'] })
    expect(Date.parse(authTime) - Date.parse(before.session.authTime)).toBeGreaterThanOrEqual(60_000)
    expect(Date.parse(expiresAt) - Date.parse(authTime)).toBe(43_200_000)
    expect(Date.parse(idleExpiresAt) - Date.parse(authTime)).toBe(900_000)
    expect(await stage.redis.pexpiretime(`curfew:session:${after.session.id}`)).toBe(
      Date.parse(idleExpiresAt) + 120_000,
    )
    expect(await one.verdictOn(after.token)).toBe('admitted')
  })

  it('is refused for everyone else, for the unknown and for the ended', async () => {
    const [mine, ended] = [await stage.login('acme/alice'), await stage.login('acme/alice')]
    await stage.logout(ended)
    const others = { tenant: 'globex' as never }
    expect(await tryRotate(stage, mine, others)).toEqual({ outcome: 'refused', reason: 'unknown' })
    expect(await tryRotate(stage, mine, { user: 'bob' as never })).toEqual({
      outcome: 'refused',
      reason: 'unknown',
    })
    expect(await tryRotate(stage, ended)).toMatchObject({ outcome: 'refused' })
    expect(await one.verdictOn(mine.token)).toBe('admitted')
  })

  it('of twenty rotations at once one is answered with a token, and the others with "superseded"', async () => {
    const before = await stage.login('acme/alice')
    const answers = await Promise.all(Array.from({ length: 20 }, () => tryRotate(stage, before)))
    const outcomes = answers.map(({ outcome }) => outcome).toSorted()
    expect(outcomes).toEqual(['rotated', ...Array.from({ length: 19 }, () => 'superseded')])
    const won = answers.find((answer) => answer.outcome === 'rotated')
    expect(await one.verdictOn(won?.outcome === 'rotated' ? won.token : '')).toBe('admitted')
    expect(await tryRotate(stage, before)).toEqual({ outcome: 'superseded' })
  })

  it('leaves no secret in Redis or in the log, and says by whom and at which level', async () => {
    const before = await stage.login('acme/alice')
    const after = await rotate(stage, before)
    const everything = JSON.stringify(await recordOf(after)) + lines()
    for (const { token } of [before, after]) expect(everything).not.toContain(token.slice(-43))
    expect(lines()).toContain('"event":"session.rotated"')
  })
})

describe('fifty requests at once with the old secret', () => {
  it('hear no 401 while the session is rotated, at two gateways, and neither do the services behind them', async () => {
    for (let round = 0; round < 3; round++) {
      const before = await stage.login('acme/alice')
      for (const verifier of [one, two]) await verifier.remembers(before)
      const over = new AbortController()
      const heard = new Map<string, number>()
      const asking = Array.from({ length: 50 }, async (_, index) => {
        const gateway = index % 2 === 0 ? one : two
        do {
          const verdict = await gateway.verifier.check(before.token)
          // What the gateway forwards is derived from whichever secret it knows to be in place.
          const relayed =
            verdict.kind === 'admitted'
              ? await documents.verdictOn(relayedToken(gateway, verdict.session))
              : 'not relayed'
          const result = `${verdict.kind === 'refused' ? verdict.reason : verdict.kind}, ${relayed}`
          heard.set(result, (heard.get(result) ?? 0) + 1)
          // Checks that are answered from memory wait for nothing: the sockets must get their turn.
          await nextTurn()
        } while (!over.signal.aborted)
      })
      const after = await rotate(stage, before)
      over.abort()
      await Promise.all(asking)
      expect([...heard.keys()]).toEqual(['admitted, admitted'])
      expect(await two.verdictOn(after.token)).toBe('admitted')
    }
  })
})

describe('the overlap', () => {
  it('ends everywhere soon after the first use of the new secret, and the use of the old one then ends the session', async () => {
    const before = await stage.login('acme/bob')
    for (const verifier of [one, two]) await verifier.remembers(before)
    const after = await rotate(stage, before)
    expect([await one.verdictOn(before.token), await two.verdictOn(before.token)]).toEqual([
      'admitted',
      'admitted',
    ])
    expect(await one.verdictOn(after.token)).toBe('admitted')
    // What was on its way by then is admitted and does no harm.
    expect(await one.verdictOn(before.token)).toBe('admitted')
    expect(await one.verdictOn(after.token)).toBe('admitted')
    await until('the authority has heard of it', async () => {
      const { o: clients, q: relays } = await recordOf(after)
      return Number(clients) < Number(relays)
    })
    // At the very end a gateway may refuse it some milliseconds before the authority would.
    await until('the other gateway has met it after its time', async () => {
      await two.verdictOn(before.token)
      return (await stage.statusOf(after)) !== 'live'
    })
    await until('nobody admits it', async () => (await one.verdictOn(after.token)) !== 'admitted')
    await until('it is told', () => lines().includes('"event":"session.predecessor-used"'))
    const operator = replicas[0]?.as(await stage.login('curfew/operator'))
    await until('it is in the audit trail', async () => {
      const events = await eventsOf(operator as BearerClient, { session: after.session.id })
      return events.some(({ type }) => type === 'session.predecessor-used')
    })
  })

  it('ends after its time though nobody used the new secret, and for relay tokens only then', async () => {
    const before = await stage.login('acme/bob')
    const after = await rotate(stage, before)
    expect(await one.verdictOn(after.token)).toBe('admitted')
    await until(
      'the overlap is closed',
      async () => (await recordOf(after))['o'] !== (await recordOf(after))['q'],
    )
    expect(await documents.verdictOn(relayTokenIn(before.token))).toBe('admitted')
    expect(await documents.verdictOn(relayTokenIn(after.token))).toBe('admitted')
    clock.aheadMs += 10_000
    // Another verifier has nothing in memory from before.
    await using late = await TestVerifier.start(stage, DOCUMENTS)
    expect(await late.verdictOn(relayTokenIn(before.token))).toBe('mismatch')
    expect(await late.verdictOn(relayTokenIn(after.token))).toBe('admitted')
    // A relay token that comes late says nothing about anybody.
    expect(await stage.statusOf(after)).toBe('live')
    clock.aheadMs -= 10_000
  })

  it('is never longer than it is set, and 0 is none', async () => {
    await using own = await setStage()
    await own.start({ SESSION_ROTATION_OVERLAP_SECONDS: '0' })
    await using gateway = await TestVerifier.start(own)
    const before = await own.login('acme/alice')
    await gateway.remembers(before)
    const after = await rotate(own, before)
    expect(await gateway.verdictOn(after.token)).toBe('admitted')
    expect(await gateway.verdictOn(before.token)).toBe('predecessor')
    await until('the session is over', async () => (await own.statusOf(after)) !== 'live')
  })

  it('a check that began before it was over ends nothing, however late it is told of', async () => {
    const before = await stage.login('acme/bob')
    const after = await rotate(stage, before)
    const startedMs = performance.now()
    await report(after)
    await report(before, Math.ceil(performance.now() - startedMs) + 500)
    expect(await stage.statusOf(after)).toBe('live')
    clock.aheadMs += ROTATION_IN_FLIGHT_MS
    await report(before)
    clock.aheadMs -= ROTATION_IN_FLIGHT_MS
    await hasEnded(after)
  })
})

describe('earlier secrets', () => {
  it('are recognised for eight rotations', async () => {
    const first = await stage.login('acme/carl')
    let latest = first
    for (let n = 0; n < 8; n++) latest = await rotate(stage, latest)
    expect(await one.verdictOn(latest.token)).toBe('admitted')
    expect(await one.verdictOn(first.token)).toBe('predecessor')
    await hasEnded(latest)
  })

  it('are forgotten then, and one that never was ends nothing', async () => {
    const first = await stage.login('acme/carl')
    let latest = first
    for (let n = 0; n < 9; n++) latest = await rotate(stage, latest)
    expect(await one.verdictOn(first.token)).toBe('mismatch')
    const forged = formatSessionToken(latest.session.id, newSessionSecret())
    for (const verifier of [one, two]) expect(await verifier.verdictOn(forged)).toBe('mismatch')
    await report({ ...latest, token: forged })
    expect(await stage.statusOf(latest)).toBe('live')
    expect(await one.verdictOn(latest.token)).toBe('admitted')
  })

  it('end an operator’s session too, when they are presented to the authority itself', async () => {
    const before = await stage.login('curfew/operator')
    const after = await rotate(stage, before)
    const [replica] = replicas as [Replica]
    expect((await replica.as(before).get('/v1/verifiers')).status).toBe(200)
    expect((await replica.as(after).get('/v1/verifiers')).status).toBe(200)
    expect((await replica.as(before).get('/v1/verifiers')).status).toBe(200)
    clock.aheadMs += ROTATION_IN_FLIGHT_MS
    expect((await replica.as(before).get('/v1/verifiers')).status).toBe(401)
    clock.aheadMs -= ROTATION_IN_FLIGHT_MS
    expect((await replica.as(after).get('/v1/verifiers')).status).toBe(401)
    await hasEnded(after)
  })
})
