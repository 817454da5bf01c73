import {
  GATEWAY_AUDIENCE,
  formatPosition,
  ROTATION_IN_FLIGHT_MS,
  hashSecret,
  newSessionSecret,
  parseToken,
  type SecretHash,
  type SessionId,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { ALICE, LIMITS, MemoryLog, MemoryReplica, MemoryStore, type Hook } from './authority.fixture.ts'
import { resolveSessions } from './resolve-sessions.ts'
import { rotateSession, type Rotation } from './rotate-session.ts'
import { secretSeen } from './secret-seen.ts'
import { standingOf } from './secret-standing.ts'
import { sessionForTest } from './session-record.fixture.ts'

const OVERLAP_MS = 10_000
const OLD = hashSecret(newSessionSecret())
const ID = 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId

/** Two replicas over one store; the hook is in the way of the first. */
class World {
  nowMs = 1_000
  readonly store = new MemoryStore()
  readonly log = new MemoryLog()
  readonly first: MemoryReplica
  readonly second: MemoryReplica

  constructor(hook?: Hook) {
    const options = { store: this.store, log: this.log, nowMs: () => this.nowMs }
    this.first = new MemoryReplica({ ...options, ...(hook && { hook }) })
    this.second = new MemoryReplica(options)
    const birth = formatPosition(1, 5)
    this.store.sessions.set(
      ID,
      sessionForTest({
        birth,
        secretHash: OLD,
        idleTimeoutMs: 60_000,
        expiresAtMs: 600_000,
        lastSeenMs: this.nowMs,
      }),
    )
  }

  get record() {
    const record = this.store.sessions.get(ID)
    if (record === undefined) throw new Error('no session')
    return record
  }

  rotate(replica: MemoryReplica, secretHash = OLD, acr?: string): Promise<Rotation> {
    const authentication = acr === undefined ? undefined : { acr, amr: ['pwd'] }
    const { tenant, user } = ALICE
    const request = { session: ID, tenant, user, secretHash, actor: 'acme/alice', reason: 'test' }
    return rotateSession(
      replica.ports,
      { ...request, authentication },
      { limits: LIMITS, overlapMs: OVERLAP_MS },
    )
  }

  /** What a verifier at a gateway is told now, and may remember. */
  async told(
    secretHash: SecretHash,
  ): Promise<{ readonly isAccepted: boolean; readonly isRemembered: boolean }> {
    this.second.applyAll()
    const { sessions } = await resolveSessions(this.second.ports, GATEWAY_AUDIENCE, {
      ids: [ID],
      passive: new Set(),
    })
    const [answer] = sessions
    if (answer?.status !== 'live') return { isAccepted: false, isRemembered: false }
    const { proof, predecessors, overlapEndsMs, isRotating } = answer.proofs
    const isPrevious = predecessors[0] === secretHash && this.nowMs < overlapEndsMs
    return { isAccepted: proof === secretHash || isPrevious, isRemembered: !isRotating }
  }
}

function hashIn(rotation: Rotation): SecretHash {
  const parsed = rotation.outcome === 'rotated' ? parseToken(rotation.token) : undefined
  if (parsed?.kind !== 'session') throw new Error(`no token: ${rotation.outcome}`)
  return hashSecret(parsed.secret)
}

/** Every call of a rotation that the world may interrupt, before it and after it. */
async function callsOfRotation(): Promise<string[]> {
  const calls: string[] = []
  const world = new World((call) => void calls.push(call))
  await world.rotate(world.first, OLD, 'aal2')
  return calls
}

describe('a rotation whose replica dies', () => {
  it('at whichever step: no token is out, and the old secret works until its overlap is over, if that has begun', async () => {
    const calls = await callsOfRotation()
    expect(calls).toContain('rotations.commit answered')
    for (const [index, death] of calls.entries()) {
      let seen = -1
      const never = new Promise<void>(() => undefined)
      const reached = Promise.withResolvers<void>()
      const world = new World(() => {
        if (++seen !== index) return undefined
        reached.resolve()
        return never
      })
      void world.rotate(world.first, OLD, 'aal2')
      await reached.promise
      expect((await world.told(OLD)).isAccepted, death).toBe(true)
      const isCommitted = world.record.secretHash !== OLD
      expect(isCommitted, death).toBe(death === 'rotations.commit answered')
      if (isCommitted) {
        // Like an answer that was lost on the way: nobody has the new secret, and nothing lasts longer than the overlap.
        world.nowMs += OVERLAP_MS
        expect((await world.told(OLD)).isAccepted, death).toBe(false)
        continue
      }
      // While it is pending, nobody remembers the session; then it is as if nothing had been.
      world.nowMs += 31_000
      expect(await world.told(OLD), death).toEqual({ isAccepted: true, isRemembered: true })
      expect(world.record.pending, death).toBeUndefined()
      // And it can be rotated: by the same person, with the same secret.
      const rotation = await world.rotate(world.second)
      expect((await world.told(hashIn(rotation))).isAccepted, death).toBe(true)
    }
  })

  it('and wakes up again much later, puts nothing in place any more', async () => {
    const asleep = Promise.withResolvers<void>()
    const world = new World((call) => (call === 'rotations.commit' ? asleep.promise : undefined))
    const rotation = world.rotate(world.first)
    await new Promise((resolve) => setImmediate(resolve))
    world.nowMs += 31_000
    expect(await world.told(OLD)).toEqual({ isAccepted: true, isRemembered: true })
    asleep.resolve()
    expect(await rotation).toEqual({ outcome: 'superseded' })
    expect(world.record.secretHash).toBe(OLD)
  })
})

describe('a rotation whose servers fail', () => {
  it('at whichever call is answered with no token, or with one that works', async () => {
    const calls = await callsOfRotation()
    for (const [index, failure] of calls.entries()) {
      let seen = -1
      const world = new World(() => {
        if (++seen === index) throw new Error('server lost')
      })
      const rotation = await world.rotate(world.first, OLD, 'aal2').catch(() => undefined)
      expect((await world.told(OLD)).isAccepted, failure).toBe(true)
      if (rotation === undefined) expect(world.record.secretHash, failure).toBe(OLD)
      else expect((await world.told(hashIn(rotation))).isAccepted, failure).toBe(true)
    }
  })

  it('is told to nobody as rotated when the log says nothing, and is remembered as it was at once', async () => {
    const world = new World((call) => {
      if (call === 'log.confirm') throw new Error('in doubt')
    })
    await expect(world.rotate(world.first)).rejects.toThrow('in doubt')
    expect(await world.told(OLD)).toEqual({ isAccepted: true, isRemembered: true })
  })
})

describe('rotations at once', () => {
  it('of two, one goes on, whichever step the other has reached', async () => {
    for (const call of await callsOfRotation()) {
      const held = Promise.withResolvers<void>()
      const world = new World((now) => (now === call ? held.promise : undefined))
      const one = world.rotate(world.first)
      await new Promise((resolve) => setImmediate(resolve))
      const two = await world.rotate(world.second).catch(() => undefined)
      held.resolve()
      const outcomes = [await one, two].map((rotation) => rotation?.outcome)
      expect(
        outcomes.filter((outcome) => outcome === 'rotated'),
        call,
      ).toHaveLength(1)
      const winner = [await one, two].find((rotation) => rotation?.outcome === 'rotated')
      expect(winner && hashIn(winner), call).toBe(world.record.secretHash)
    }
  })
})

describe('the use of a secret', () => {
  it('is told apart: in place, before it within its time, and later', async () => {
    const world = new World()
    const next = hashIn(await world.rotate(world.first))
    const endsMs = world.nowMs + OVERLAP_MS
    expect(standingOf(world.record, next, endsMs)).toBe('current')
    expect(standingOf(world.record, OLD, endsMs - 1)).toBe('previous')
    expect(standingOf(world.record, OLD, endsMs)).toBe('predecessor')
    expect(standingOf(world.record, hashSecret(newSessionSecret()), 0)).toBe('unknown')
  })

  it('of the new one cuts the overlap short once, and of the old one after that ends the session', async () => {
    const world = new World()
    const next = hashIn(await world.rotate(world.first))
    const seen = (secretHash: SecretHash) =>
      secretSeen(world.second.ports, { session: ID, secretHash, atMs: world.nowMs })
    world.second.applyAll()
    await seen(OLD)
    expect(world.second.told).toEqual([])
    for (const _ of [1, 2]) await seen(next)
    expect(world.second.told).toEqual(['overlapEnded'])
    expect(world.log.entries.map(({ entry }) => entry.type)).toEqual(['rotated', 'rotated'])
    await seen(hashSecret(newSessionSecret()))
    // On its way when the new one was first used; being used again makes that no longer.
    world.nowMs += ROTATION_IN_FLIGHT_MS - 1
    for (const secret of [OLD, next]) await seen(secret)
    expect(world.second.told).toEqual(['overlapEnded'])
    world.nowMs += 1
    await seen(OLD)
    expect(world.second.told).toEqual(['overlapEnded', 'predecessorUsed', 'session.predecessor-used'])
    expect(world.log.entries.at(-1)?.entry).toMatchObject({
      type: 'revoked',
      reason: 'suspected theft',
      scope: { type: 'session', session: ID },
    })
    // It is over: saying so again says nothing new.
    await seen(OLD)
    expect(world.log.entries).toHaveLength(3)
  })

  it('in the wrong order, the old one after the new one was rotated away, ends it as well', async () => {
    const world = new World()
    const next = hashIn(await world.rotate(world.first))
    await world.rotate(world.first, next)
    world.second.applyAll()
    await secretSeen(world.second.ports, { session: ID, secretHash: OLD, atMs: world.nowMs })
    expect(world.second.told).toContain('predecessorUsed')
  })
})

it('only a re-authentication moves the limits, and it takes those of its own level', async () => {
  const world = new World()
  world.nowMs += 20_000
  const before = world.record
  const next = hashIn(await world.rotate(world.first))
  expect(world.record).toMatchObject({
    birth: before.birth,
    createdAtMs: before.createdAtMs,
    authTimeMs: before.authTimeMs,
    lastSeenMs: before.lastSeenMs,
    expiresAtMs: before.expiresAtMs,
  })
  world.nowMs += 20_000
  await world.rotate(world.first, next, 'aal3')
  expect(world.record).toMatchObject({
    birth: before.birth,
    createdAtMs: before.createdAtMs,
    acr: 'aal3',
    authTimeMs: world.nowMs,
    lastSeenMs: world.nowMs,
    idleTimeoutMs: LIMITS.aal3.idleTimeoutMs,
    expiresAtMs: world.nowMs + LIMITS.aal3.absoluteTimeoutMs,
  })
})
