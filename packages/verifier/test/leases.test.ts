import { GATEWAY_AUDIENCE } from '@curfew/contracts'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { Stage, isHit, kindOf, timesAsked, untilHit } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await Stage.open()
})
afterEach(() => stage.clear())
afterAll(() => stage[Symbol.asyncDispose]())

const patiently = { timeout: 10_000, interval: 10 }
const waitFor = (condition: () => unknown) => vi.waitFor(condition, patiently)

async function remembered(options: Parameters<Stage['authority']>[0] = {}, registry = new Registry()) {
  const authority = await stage.authority(options)
  const verifier = await stage.verifier(GATEWAY_AUDIENCE, { registry })
  const issued = authority.issue()
  await untilHit(verifier, issued.token)
  return { authority, verifier, issued }
}

describe('under a lease', () => {
  it('is granted one by the time it has been created, and answers from memory without asking', async () => {
    const registry = new Registry()
    const authority = await stage.authority()
    const verifier = await stage.verifier(GATEWAY_AUDIENCE, { registry })
    const issued = authority.issue()
    expect(await kindOf(verifier.check(issued.token))).toBe('admitted')
    for (let checks = 0; checks < 100; checks += 1) expect(isHit(verifier, issued.token)).toBe(true)
    expect(timesAsked(authority, issued.id)).toBe(1)
    expect(authority.minSeqs[0]).toBeGreaterThan(1)
    const metrics = await registry.metrics()
    expect(metrics).toContain('curfew_verifier_checks_total{result="admitted",reason="",memory="hit"} 100')
    expect(metrics).toContain('curfew_verifier_cached_sessions 1')
    expect(metrics).toContain(`curfew_verifier_applied_sequence ${authority.seq}`)
    expect(metrics).toMatch(/curfew_verifier_lease_remaining_milliseconds [34]\d{3}/)
  })

  it('a revocation is refused from the moment on at which it is acknowledged', async () => {
    const { authority, verifier, issued } = await remembered()
    let verdict: unknown
    authority.onAcknowledged = () => (verdict ??= verifier.check(issued.token))
    const seq = authority.revoke(issued.id)
    await waitFor(() => expect(authority.acknowledged).not.toEqual([]))
    expect(authority.acknowledged[0]).toEqual({
      member: authority.members[0],
      applied: expect.any(Number) as number,
    })
    expect(authority.acknowledged[0]?.applied).toBeGreaterThanOrEqual(seq)
    const settled = await verdict
    expect(settled).toMatchObject({ kind: 'refused', reason: 'revoked' })
  })

  it('is what one that may not be a member asks for until it may, says so once, and asks about each check', async () => {
    const authority = await stage.authority()
    authority.joinRefusal = { refused: 'too-many-joins', retryAfterMs: 20 }
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const issued = authority.issue()
    await waitFor(() => expect(authority.members.length).toBeGreaterThan(2))
    for (let checks = 1; checks <= 3; checks += 1) {
      expect(await kindOf(verifier.check(issued.token))).toBe('admitted')
      expect(timesAsked(authority, issued.id)).toBe(checks)
    }
    const told = (): object[] => stage.logged.filter(({ event }) => event === 'verifier.join.refused')
    expect(told()).toEqual([expect.objectContaining({ reason: 'too-many-joins' })])
    authority.joinRefusal = undefined
    await untilHit(verifier, issued.token)
    expect(new Set(authority.members).size).toBe(1)
    expect(told()).toHaveLength(1)
  })

  it('what nobody asks to acknowledge is not acknowledged', async () => {
    const { authority, verifier, issued } = await remembered()
    authority.publish({ type: 'revoked', scope: { type: 'global' } })
    await waitFor(() => expect(isHit(verifier, issued.token)).toBe(false))
    expect(authority.acknowledged).toEqual([])
  })

  it('changed permissions are asked for, once for all sessions of the user that are checked', async () => {
    const { authority, verifier, issued } = await remembered()
    authority.changePermissions(['documents:write'])
    await waitFor(() => expect(authority.acknowledged).not.toEqual([]))
    const verdict = await verifier.check(issued.token)
    expect(verdict.kind === 'admitted' && [...verdict.session.permissions]).toEqual(['documents:write'])
    expect(isHit(verifier, issued.token)).toBe(true)
  })

  it('an answer that the log has overtaken is asked for again', async () => {
    const { authority, verifier } = await remembered()
    const issued = authority.issue()
    let overtaken = 0
    authority.distortion = () =>
      void ((overtaken += 1) <= 2 && authority.changePermissions(['documents:read']))
    expect(await kindOf(verifier.check(issued.token))).toBe('admitted')
    expect(timesAsked(authority, issued.id)).toBe(3)
    expect(isHit(verifier, issued.token)).toBe(true)
  })

  it('answers that are always overtaken leave the check unsure', async () => {
    const { authority, verifier } = await remembered()
    const issued = authority.issue()
    authority.distortion = () => void authority.changePermissions(['documents:read'])
    expect(await kindOf(verifier.check(issued.token))).toBe('unsure')
    expect(timesAsked(authority, issued.id)).toBe(4)
  })

  it('a session in use is asked about in the background, and nobody waits for it', async () => {
    const authority = await stage.authority()
    authority.idleRemainingMs = 5_000
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const issued = authority.issue()
    await untilHit(verifier, issued.token)
    const before = timesAsked(authority, issued.id)
    await waitFor(() => {
      expect(isHit(verifier, issued.token)).toBe(true)
      expect(timesAsked(authority, issued.id)).toBeGreaterThan(before + 1)
    })
  })
})

describe('doubt', () => {
  it('about a log that begins anew under the same epoch comes with its first grant, heard of or not', async () => {
    const authority = await stage.authority()
    authority.seq = 500
    const verifier = await stage.verifier(GATEWAY_AUDIENCE)
    const issued = authority.issue()
    await untilHit(verifier, issued.token)
    // Nothing that is said in the other log reaches the verifier, only answers do.
    authority.isFeedSilent = true
    authority.seq = 1
    await waitFor(() => expect(new Set(authority.members).size).toBe(2))
    expect(isHit(verifier, issued.token)).toBe(false)
    authority.isFeedSilent = false
    await untilHit(verifier, issued.token)
    const seq = authority.revoke(issued.id)
    await waitFor(() => expect(authority.acknowledged).not.toEqual([]))
    expect(authority.acknowledged[0]?.member).toBe(authority.members.at(-1))
    expect(authority.acknowledged[0]?.applied).toBeLessThan(500)
    expect(authority.acknowledged[0]?.applied).toBeGreaterThanOrEqual(seq)
  })

  it.each<[string, (authority: Awaited<ReturnType<Stage['authority']>>) => void]>([
    ['a gap', (authority) => void authority.lose()],
    ['an entry that nobody here can read', (authority) => authority.publishRaw(authority.lose(), '{"v":2}')],
    ['an entry without a sequence', (authority) => authority.publishRaw(Number.NaN, '{}')],
  ])('after %s memory is empty, and full again under a new lease', async (_, upset) => {
    const { authority, verifier, issued } = await remembered()
    const { token } = issued
    upset(authority)
    authority.publish({ type: 'barrier', replica: 'replica-1' as never })
    await waitFor(() => expect(stage.logged.map(({ event }) => event)).toContain('verifier.doubt'))
    expect(isHit(verifier, token)).toBe(false)
    expect(await kindOf(verifier.check(token))).toBe('admitted')
    await untilHit(verifier, token)
    expect(new Set(authority.members).size).toBe(1)
  })

  it('entries that overtake each other leave no doubt, and take effect in their order', async () => {
    const { authority, verifier, issued } = await remembered()
    const early = authority.lose()
    const late = authority.revoke(issued.id)
    const barrier = {
      v: 1,
      id: 'early',
      at: new Date().toISOString(),
      actor: 'system',
      type: 'barrier',
      replica: 'r',
    }
    authority.publishRaw(early, JSON.stringify(barrier))
    await waitFor(() => expect(authority.acknowledged.at(-1)?.applied).toBeGreaterThanOrEqual(late))
    expect(isHit(verifier, issued.token)).toBe(false)
    expect(stage.logged.map(({ event }) => event)).not.toContain('verifier.doubt')
  })

  it('an answer that somebody has had sent onto the feed is no entry, and raises none', async () => {
    const { authority, verifier, issued } = await remembered()
    authority.answerOntoFeed('{"ok":{"epoch":1,"leaseMs":5000}}')
    const seq = authority.revoke(issued.id)
    await waitFor(() => expect(authority.acknowledged.at(-1)?.applied).toBeGreaterThanOrEqual(seq))
    expect(isHit(verifier, issued.token)).toBe(false)
    expect(stage.logged.map(({ event }) => event)).not.toContain('verifier.doubt')
  })

  it('a verifier that is told that it is not a member becomes another one and joins', async () => {
    const { authority, verifier, issued } = await remembered({ leaseMs: 1000 })
    authority.grants = 'not-a-member'
    await waitFor(() => expect(authority.members.length).toBeGreaterThan(1))
    authority.grants = 'granted'
    await untilHit(verifier, issued.token)
    expect(new Set(authority.members).size).toBe(authority.members.length)
    expect(authority.renewals.at(-1)).toBe(authority.members.at(-1))
  })
})

describe('without a lease', () => {
  it('every check asks, nobody is refused, and those that nobody answers are unsure', async () => {
    const { authority, verifier, issued } = await remembered({ leaseMs: 1000 })
    authority.grants = 'silent'
    await waitFor(() => expect(isHit(verifier, issued.token)).toBe(false))
    const before = timesAsked(authority, issued.id)
    for (let checks = 0; checks < 3; checks += 1)
      expect(await kindOf(verifier.check(issued.token))).toBe('admitted')
    expect(timesAsked(authority, issued.id)).toBe(before + 3)
    expect(verifier.ready).toBe(true)
    await authority.stop()
    for (let checks = 0; checks < 20; checks += 1)
      expect(await verifier.check(issued.token)).toEqual({ kind: 'unsure', retryAfterMs: 1000 })
    expect(verifier.ready).toBe(false)
    authority.grants = 'granted'
    authority.serve()
    await untilHit(verifier, issued.token)
  })

  it('who would rather hear what was true a moment ago than nothing is told, while the log is followed', async () => {
    const { authority, verifier, issued } = await remembered({ leaseMs: 1000 })
    const other = authority.issue()
    await untilHit(verifier, other.token)
    await authority.stop()
    await waitFor(() => expect(isHit(verifier, issued.token)).toBe(false))
    const lately = { maxStalenessMs: 60_000 }
    expect(await kindOf(verifier.check(issued.token))).toBe('unsure')
    expect(await kindOf(verifier.check(issued.token, { maxStalenessMs: 1 }))).toBe('unsure')
    expect(await kindOf(verifier.check(issued.token, lately))).toBe('admitted')
    expect(await kindOf(verifier.check(authority.issue().token, lately))).toBe('unsure')
    // What the log says counts all the same.
    authority.revoke(issued.id)
    await waitFor(async () => expect(await kindOf(verifier.check(issued.token, lately))).toBe('refused'))
    expect(await kindOf(verifier.check(other.token, lately))).toBe('admitted')
    authority.lose()
    authority.publish({ type: 'barrier', replica: 'replica-1' as never })
    await waitFor(async () => expect(await kindOf(verifier.check(other.token, lately))).toBe('unsure'))
  })

  it('a lost broker makes checks unsure, and it answers from memory again when it is back', async () => {
    const { authority, verifier, issued } = await remembered()
    await stage.servers.nats.kill('SIGKILL')
    await vi.waitFor(async () => expect(await kindOf(verifier.check(issued.token))).toBe('unsure'))
    const startedMs = performance.now()
    for (let checks = 0; checks < 50; checks += 1)
      expect(await kindOf(verifier.check(issued.token))).toBe('unsure')
    expect(performance.now() - startedMs).toBeLessThan(1000)
    expect(isHit(verifier, issued.token)).toBe(false)
    await stage.servers.nats.restart()
    await untilHit(verifier, issued.token, 20_000)
    expect(verifier.ready).toBe(true)
    authority.revoke(issued.id)
    await waitFor(() => expect(isHit(verifier, issued.token)).toBe(false))
  })
})

describe('leaving', () => {
  it('comes after the lease is gone, and tells everyone who waits', async () => {
    const { authority, verifier, issued } = await remembered()
    const atLeaving: boolean[] = []
    authority.onLeave = () => void atLeaving.push(isHit(verifier, issued.token))
    const waiting = verifier.check(authority.issue().token)
    await verifier.close()
    expect(await kindOf(waiting)).toBe('unsure')
    expect(atLeaving).toEqual([false])
    expect(authority.left).toEqual([authority.members[0]])
    expect(await kindOf(verifier.check(issued.token))).toBe('unsure')
    expect(verifier.ready).toBe(false)
    const renewals = authority.renewals.length
    await authority.stop()
    expect(authority.renewals).toHaveLength(renewals)
  })

  it('takes no longer than a moment when nobody hears it', async () => {
    const { authority, verifier } = await remembered()
    await authority.stop()
    const startedMs = performance.now()
    await verifier.close()
    expect(performance.now() - startedMs).toBeLessThan(3_000)
  })
})
