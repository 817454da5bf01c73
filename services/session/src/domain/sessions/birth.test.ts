import type { LogEntryOf, Position } from '@curfew/contracts'
import { assert, asyncProperty, constantFrom, scheduler } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Unavailable } from '../log/unavailable.ts'
import {
  ALICE,
  LIMITS,
  MemoryLog,
  MemoryReplica,
  MemoryStore,
  revokedEntry,
  type Hook,
} from './authority.fixture.ts'
import { createSession, type Creation } from './create-session.ts'
import { lookUp } from './look-up.ts'

type Scope = LogEntryOf<'revoked'>['scope']

const SCOPES: readonly Scope[] = [
  { type: 'user', tenant: ALICE.tenant, user: ALICE.user },
  { type: 'tenant', tenant: ALICE.tenant },
  { type: 'client', client: ALICE.client },
  { type: 'global' },
]
const SETTINGS = { limits: LIMITS, maxPerUser: 100 }

type LoginStep = 'prepare' | 'read the account' | 'create'
type RevocationStep = 'append' | 'apply at A' | 'apply at B' | 'project'
type Step = LoginStep | RevocationStep
type Place = 'A' | 'B'

const LOGIN: readonly LoginStep[] = ['prepare', 'read the account', 'create']
/** Whoever projects has applied; every replica projects, so the first one to do so counts. */
const REVOCATIONS: readonly (readonly RevocationStep[])[] = [
  ['append', 'apply at A', 'apply at B', 'project'],
  ['append', 'apply at B', 'apply at A', 'project'],
  ['append', 'apply at A', 'project', 'apply at B'],
  ['append', 'apply at B', 'project', 'apply at A'],
]

/** Both sequences in every way in which they can take turns. */
function interleavings<T>(a: readonly T[], b: readonly T[]): T[][] {
  const [firstA, ...restA] = a
  const [firstB, ...restB] = b
  if (firstA === undefined || firstB === undefined) return [[...a, ...b]]
  return [
    ...interleavings(restA, b).map((rest) => [firstA, ...rest]),
    ...interleavings(a, restB).map((rest) => [firstB, ...rest]),
  ]
}

class World {
  readonly log = new MemoryLog()
  readonly store = new MemoryStore()
  readonly replicas: Record<Place, MemoryReplica>
  birth: Position | undefined
  creation: Creation | 'unavailable' | undefined

  constructor(hook?: Hook) {
    const options = { store: this.store, log: this.log, ...(hook && { hook }) }
    this.replicas = { A: new MemoryReplica(options), B: new MemoryReplica(options) }
  }

  prepare(at: Place): void {
    this.birth = this.replicas[at].view.applied
  }

  async create(at: Place): Promise<void> {
    if (this.birth === undefined) throw new Error('not prepared')
    const request = { ...ALICE, birth: this.birth, acr: 'aal1', amr: ['pwd'] }
    this.creation = await createSession(this.replicas[at].ports, request, SETTINGS).catch(
      (error: unknown) => {
        if (error instanceof Unavailable) return 'unavailable' as const
        throw error
      },
    )
  }

  revoke(step: RevocationStep, scope: Scope): void {
    const { A, B } = this.replicas
    if (step === 'append') this.log.append(revokedEntry(scope))
    if (step === 'apply at A') A.applyAll()
    if (step === 'apply at B') B.applyAll()
    if (step === 'project') (A.view.backlog > 0 ? A : B).project()
  }

  /** What each replica says in the end, once it has everything. */
  async outcome(): Promise<string[]> {
    const { creation } = this
    if (creation === undefined || creation === 'unavailable' || creation.outcome === 'refused')
      return ['lost']
    const said = Object.values(this.replicas).map(async (replica) => {
      replica.applyAll()
      return (await lookUp(replica.ports, [creation.session.id])).sessions[0]?.verdict ?? 'unknown'
    })
    return [...new Set(await Promise.all(said))].map((verdict) => (verdict === 'live' ? 'won' : 'lost'))
  }
}

describe('a login beside a revocation', () => {
  const orders = REVOCATIONS.flatMap((revocation) => interleavings<Step>(LOGIN, revocation))
  const places = (['A', 'B'] as const).flatMap((prepareAt) =>
    (['A', 'B'] as const).map((createAt) => ({ prepareAt, createAt })),
  )

  it.each(SCOPES)('of $type: in every order of their steps at either replica', async (scope) => {
    let [lost, won] = [0, 0]
    for (const order of orders)
      for (const { prepareAt, createAt } of places) {
        const world = new World()
        for (const step of order) {
          if (step === 'prepare') world.prepare(prepareAt)
          else if (step === 'create') await world.create(createAt)
          else if (step !== 'read the account') world.revoke(step, scope)
        }
        const outcome = await world.outcome()
        const context = `${order.join(', ')}; prepared at ${prepareAt}, created at ${createAt}`
        // Both replicas agree, whatever came first.
        expect(outcome, context).toHaveLength(1)
        const begun = order.indexOf('prepare')
        const isRacing = begun < order.indexOf('append')
        const isConfirmed = ['apply at A', 'apply at B'].every((step) => order.indexOf(step as Step) < begun)
        if (isRacing) expect(outcome, context).toEqual(['lost'])
        if (isConfirmed) expect(outcome, context).toEqual(['won'])
        if (outcome[0] === 'won') won++
        else lost++
      }
    expect(orders.length * places.length).toBe(560)
    expect(Math.min(won, lost)).toBeGreaterThan(50)
  })

  it('loses wherever between the calls of the store the revocation takes its steps', async () => {
    await assert(
      asyncProperty(
        scheduler(),
        constantFrom(...SCOPES),
        constantFrom(...REVOCATIONS),
        constantFrom<Place>('A', 'B'),
        async (order, scope, steps, createAt) => {
          const world = new World((call) => order.schedule(Promise.resolve(), call))
          world.prepare('A')
          const revoking = order.scheduleSequence(
            steps.map((step) => ({ label: step, builder: async () => world.revoke(step, scope) })),
          )
          const creating = world.create(createAt)
          await order.waitFor(Promise.all([revoking.task, creating]))
          const ending = world.outcome()
          expect(await order.waitFor(ending)).toEqual(['lost'])
        },
      ),
      { numRuns: 400 },
    )
  })

  it('wins after the confirmation, however the calls of the store are held up', async () => {
    await assert(
      asyncProperty(
        scheduler(),
        constantFrom(...SCOPES),
        constantFrom<Place>('A', 'B'),
        async (order, scope, createAt) => {
          const world = new World((call) => order.schedule(Promise.resolve(), call))
          for (const step of ['append', 'apply at A', 'apply at B'] as const) world.revoke(step, scope)
          world.prepare('B')
          const projecting = order
            .schedule(Promise.resolve(), 'project')
            .then(() => world.revoke('project', scope))
          await order.waitFor(Promise.all([world.create(createAt), projecting]))
          expect(await order.waitFor(world.outcome())).toEqual(['won'])
        },
      ),
      { numRuns: 200 },
    )
  })
})
