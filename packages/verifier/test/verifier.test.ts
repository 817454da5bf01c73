import {
  GATEWAY_AUDIENCE,
  formatSessionToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  type Audience,
  type Resolved,
} from '@curfew/contracts'
import { assert, oneof, property, string } from 'fast-check'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Authority } from './authority.ts'
import { Stage, admittedSession, kindOf, untilHit } from './stage.ts'

const documents = 'documents' as Audience

let stage: Stage

beforeAll(async () => {
  stage = await Stage.open()
})
afterEach(() => stage.clear())
afterAll(() => stage[Symbol.asyncDispose]())

describe('with an authority that answers', () => {
  let authority: Authority

  beforeEach(async () => {
    authority = await stage.authority()
  })

  it('admits a live session and tells who it is, without anything secret', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const issued = authority.issue()
    const session = await admittedSession(verifier, issued.token)
    expect(session).toMatchObject({ id: issued.id, tenant: 'acme', user: 'alice', roles: ['editor'] })
    expect([...session.permissions]).toEqual(['documents:read'])
    const shown = JSON.parse(JSON.stringify(session)) as object
    expect(JSON.stringify(shown)).not.toContain(hashSecret(issued.secret))
    expect(Object.keys(shown).toSorted()).toEqual(
      'acr amr authTime client createdAt expiresAt id idleExpiresAt permissions roles tenant user'.split(' '),
    )
    expect(verifier.ready).toBe(true)
  })

  it('refuses a token with a right id and a wrong secret, or never issued', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const { id } = authority.issue()
    expect(await verifier.check(formatSessionToken(id, newSessionSecret()))).toEqual({
      kind: 'refused',
      reason: 'mismatch',
    })
    expect(await verifier.check(formatSessionToken(newSessionId(), newSessionSecret()))).toEqual({
      kind: 'refused',
      reason: 'unknown',
    })
  })

  it.each(['revoked', 'expired', 'suspended'] as const)(
    'refuses as the authority does: %s',
    async (reason) => {
      const verifier = await stage.verifier(GATEWAY_AUDIENCE)
      const issued = authority.issue()
      authority.refuse(issued.id, reason)
      expect(await verifier.check(issued.token)).toEqual({ kind: 'refused', reason })
    },
  )

  it('refuses whatever is not a token at once, and asks nobody', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const hostile = oneof(
      string({ unit: 'binary', maxLength: 200 }),
      string({ minLength: 69, maxLength: 69 }),
    )
    assert(
      property(hostile, (text) => {
        expect(verifier.check(text)).toEqual({ kind: 'refused', reason: 'malformed' })
      }),
    )
    for (const text of ['x'.repeat(1 << 20), `cfs_${'*'.repeat(65)}`, `cfs_${'A'.repeat(64)}\0`, ''])
      expect(verifier.check(text)).toEqual({ kind: 'refused', reason: 'malformed' })
    expect(authority.asked).toEqual([])
  })

  it('asks for many sessions in few requests, and for one session once', async () => {
    const registry = new Registry()
    const verifier = await stage.verifier(GATEWAY_AUDIENCE, { registry })
    const tokens = Array.from({ length: 600 }, () => authority.issue().token)
    const verdicts = await Promise.all(
      [...tokens, ...tokens].map((token) => Promise.resolve(verifier.check(token))),
    )
    expect(verdicts.every(({ kind }) => kind === 'admitted')).toBe(true)
    expect(authority.asked.map((batch) => batch.length)).toEqual([256, 256, 88])
    const metrics = await registry.metrics()
    expect(metrics).toContain('curfew_verifier_checks_total{result="admitted",reason="",memory="miss"} 1200')
    expect(metrics).toContain('curfew_verifier_asks_total{outcome="ok"} 3')
    expect(metrics).toContain('curfew_verifier_batch_size_sum 600')
  })

  it('makes relay tokens that open their own audience and no other', async () => {
    const [gateway, service] = [await stage.verifier(GATEWAY_AUDIENCE), await stage.verifier(documents)]
    const issued = authority.issue()
    const session = await admittedSession(gateway, issued.token)
    const relayed = gateway.relayCredentials(session, documents)
    const relay = issued.relayToken(documents)
    expect(relayed).toBe(`Bearer ${relay}`)
    expect(gateway.relayCredentials(session, documents)).toBe(relayed)
    expect(await kindOf(service.check(relay))).toBe('admitted')
    expect(await kindOf(gateway.check(relay))).toBe('refused')
    expect(await kindOf(service.check(issued.token))).toBe('refused')
    const elsewhere = gateway.relayCredentials(session, 'files' as Audience)
    expect(elsewhere).toBe(`Bearer ${issued.relayToken('files' as Audience)}`)
    expect(gateway.relayCredentials(session, 'files' as Audience)).toBe(elsewhere)
    expect(gateway.relayCredentials(session, documents)).toBe(relayed)
    expect(await kindOf(service.check(issued.relayToken('files' as Audience)))).toBe('refused')
  })

  it('makes no relay token from a session that it did not admit itself', async () => {
    const [gateway, service] = [await stage.verifier(GATEWAY_AUDIENCE), await stage.verifier(documents)]
    const issued = authority.issue()
    const session = await admittedSession(gateway, issued.token)
    expect(() => gateway.relayCredentials({ ...session }, documents)).toThrow(/admitted/)
    const relayed = await admittedSession(service, issued.relayToken(documents))
    expect(() => service.relayCredentials(relayed, documents)).toThrow(/admitted/)
  })

  it('learns nothing under an audience that is not its own', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE, { user: 'documents' })
    expect(await kindOf(verifier.check(authority.issue().token))).toBe('unsure')
    expect(authority.asked).toEqual([])
  })

  it.each<[string, (answers: Resolved[]) => unknown]>([
    ['too few answers', (answers) => answers.slice(1)],
    ['too many answers', (answers) => [...answers, answers[0]]],
    ['answers in another order', (answers) => answers.toReversed()],
    ['an answer of no known shape', (answers) => answers.map(() => ({ status: 'maybe' }))],
    ['a fault', () => Promise.reject(new Error('Redis is gone'))],
  ])('is unsure about %s, and says nothing wrong about anyone', async (_, distortion) => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const tokens = [authority.issue().token, authority.issue().token]
    authority.distortion = distortion
    const verdicts = await Promise.all(tokens.map((token) => Promise.resolve(verifier.check(token))))
    expect(verdicts).toEqual(tokens.map(() => ({ kind: 'unsure', retryAfterMs: 1000 })))
    authority.distortion = undefined
    expect(await kindOf(verifier.check(tokens[0] ?? ''))).toBe('admitted')
  })

  it('asks again about a session that an answer had no room for', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const tokens = [authority.issue().token, authority.issue().token]
    authority.distortion = (answers) =>
      answers.map((answer, index) => (index === 0 ? answer : { status: 'left-out' }))
    const verdicts = await Promise.all(tokens.map((token) => kindOf(verifier.check(token))))
    expect(verdicts).toEqual(['admitted', 'admitted'])
    authority.distortion = (answers) => answers.map(() => ({ status: 'left-out' }))
    expect(await kindOf(verifier.check(authority.issue().token))).toBe('unsure')
    authority.distortion = undefined
  })

  it('is unsure when nobody answers in time, whatever is answered later', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const issued = authority.issue()
    const late = Promise.withResolvers<undefined>()
    authority.distortion = () => late.promise
    expect(await kindOf(verifier.check(issued.token))).toBe('unsure')
    late.resolve(undefined)
    authority.distortion = undefined
    expect(await kindOf(verifier.check(issued.token))).toBe('admitted')
  })

  it('answers everyone who waits when it closes', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const waiting = verifier.check(authority.issue().token)
    await verifier.close()
    expect(await kindOf(waiting)).toBe('unsure')
    expect(await kindOf(verifier.check(authority.issue().token))).toBe('unsure')
    expect(verifier.ready).toBe(false)
  })
})

describe('when the authority comes, goes and changes', () => {
  it('a verifier that started first is unsure, and ready as soon as the authority is there', async () => {
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const token = formatSessionToken(newSessionId(), newSessionSecret())
    expect(verifier.ready).toBe(false)
    expect(await kindOf(verifier.check(token))).toBe('unsure')
    const authority = await stage.authority()
    await vi.waitFor(() => expect(verifier.ready).toBe(true), 10_000)
    await untilHit(verifier, authority.issue().token)
  })

  it('another epoch is learnt without a restart, and begins with an empty memory and a new incarnation', async () => {
    const first = await stage.authority({ leaseMs: 1000 })
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const { token } = first.issue()
    await untilHit(verifier, token)
    await first.stop()
    const second = await stage.authority({ epoch: 2, leaseMs: 1000 })
    await untilHit(verifier, second.issue().token)
    expect(await kindOf(verifier.check(token))).toBe('refused')
    expect(second.members).toHaveLength(1)
    expect(second.members).not.toContain(first.members[0])
  })

  it('the log tells an outage once, not once a check, and no token', async () => {
    const authority = await stage.authority()
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const issued = authority.issue()
    await authority.stop()
    for (let checks = 0; checks < 20; checks += 1) await verifier.check(issued.token)
    const failures = stage.logged.filter((fields) => fields.event === 'verifier.ask.failed')
    expect(failures.filter((fields) => 'request' in fields && fields.request === 'resolve')).toHaveLength(1)
    expect(JSON.stringify(stage.logged)).not.toContain(issued.secret)
  })
})
