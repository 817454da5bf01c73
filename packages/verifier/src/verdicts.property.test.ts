/** Whatever order things come in, a check says what looking at everything that decides would say. */
import type { ClientId, LogEntry, RoleName, TenantId, UserId } from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'
import {
  assert,
  constantFrom,
  integer,
  oneof,
  property,
  record,
  tuple,
  array,
  type Arbitrary,
} from 'fast-check'
import { expect, it } from 'vitest'

import type { CoherentVerifier } from './coherent-verifier.ts'
import { at, barrier, common, following, LEASE_MS, newSession, position, revoked } from './core.fixture.ts'

const IDLE_MS = 20_000
const LIFE_MS = 25_000
const SESSIONS = Array.from({ length: 6 }, (_, nth) => {
  const session = newSession({
    tenant: `tenant-${nth % 2}`,
    user: `user-${nth % 3}`,
    client: nth < 3 ? 'api' : 'cli',
    birth: 1 + nth,
  })
  return {
    ...session,
    answer: { ...session.answer, idleRemainingMs: IDLE_MS, remainingMs: LIFE_MS },
  }
})
type Session = (typeof SESSIONS)[number]

type Step =
  | { readonly do: 'check' | 'ask' | 'rotate'; readonly nth: number }
  | { readonly do: 'log'; readonly entry: LogEntry }
  | { readonly do: 'wait'; readonly ms: number; readonly wallMs: number }
  | { readonly do: 'renew' | 'doubt' }

const nth = integer({ min: 0, max: SESSIONS.length - 1 })
const tenant = constantFrom('tenant-0', 'tenant-1') as Arbitrary<TenantId>
const user = constantFrom('user-0', 'user-1', 'user-2') as Arbitrary<UserId>
const client = constantFrom('api', 'cli') as Arbitrary<ClientId>
const idOf = nth.map((index) => (SESSIONS[index] as Session).id)
const except = array(idOf, { maxLength: 1 })

const entry: Arbitrary<LogEntry> = oneof<Arbitrary<LogEntry>[]>(
  tuple(
    oneof(
      constantFrom({ type: 'global' } as const),
      record({ type: constantFrom('tenant' as const), tenant }),
      record({ type: constantFrom('user' as const), tenant, user }),
      record({ type: constantFrom('client' as const), client }),
    ),
    except,
  ).map(([scope, spared]) => revoked(scope, spared)),
  idOf.map((session) => revoked({ type: 'session', session })),
  record({ tenant, user }).map((of) => ({
    ...common,
    ...of,
    id: 'g',
    type: 'grants-changed',
    roles: [],
    permissions: [],
  })),
  tenant.map((of) => ({
    ...common,
    id: 'o',
    type: 'role-changed',
    tenant: of,
    role: 'viewer' as RoleName,
    permissions: [],
  })),
  record({ tenant, type: constantFrom('suspended' as const, 'resumed' as const) }).map((of) => ({
    ...common,
    ...of,
    id: 's',
  })),
  idOf.map((session) => ({ ...common, id: 'x', type: 'rotated', session })),
  constantFrom(barrier()),
)

const steps: Arbitrary<Step[]> = array(
  oneof(
    { weight: 16, arbitrary: record({ do: constantFrom('check' as const), nth }) },
    { weight: 6, arbitrary: record({ do: constantFrom('ask' as const), nth }) },
    { weight: 2, arbitrary: record({ do: constantFrom('log' as const), entry }) },
    {
      weight: 4,
      arbitrary: record({
        do: constantFrom('wait' as const),
        ms: integer({ min: 1, max: 4_000 }),
        wallMs: integer({ min: -500, max: 2_000 }),
      }),
    },
    { weight: 1, arbitrary: record({ do: constantFrom('renew' as const) }) },
    { weight: 1, arbitrary: record({ do: constantFrom('rotate' as const), nth }) },
    { weight: 1, arbitrary: record({ do: constantFrom('doubt' as const) }) },
  ),
  { minLength: 40, maxLength: 120 },
)

/** What looking at everything that decides says. */
function lookedAt(verifier: CoherentVerifier, { id, answer }: Session, now: Instant): string {
  const { cache } = verifier
  const session = cache.get(id)
  if (session === undefined || !session.isProvenBy(answer.proof)) return 'not admitted'
  if (cache.isOver(session) || session.hasReachedAbsoluteLimit(now)) return 'not admitted'
  if (!session.subject.isCurrent || session.mayHaveReachedLimit(now)) return 'not admitted'
  return verifier.hasUsableLease(now) ? 'admitted' : 'not admitted'
}

class Run {
  readonly #verifier: CoherentVerifier = following(10, SESSIONS.length - 1)
  readonly #sessions: Session[] = [...SESSIONS]
  #now = at(0)
  #seq = 10
  #renewals = 0
  admitted = 0
  recognised = 0

  take(step: Step): void {
    switch (step.do) {
      case 'check':
        return this.#check(this.#session(step.nth))
      case 'ask':
        return this.#ask(this.#session(step.nth))
      case 'log':
        return void this.#verifier.receive((this.#seq += 1), step.entry)
      case 'wait': {
        const { monotonicMs, wallMs } = this.#now
        this.#now = { monotonicMs: monotonicMs + step.ms, wallMs: wallMs + step.wallMs }
        return
      }
      case 'rotate':
        return this.#rotate(step.nth)
      case 'renew':
        return this.#renew()
      case 'doubt':
        this.#verifier.doubt()
        return void this.#verifier.receive((this.#seq += 1), barrier())
    }
  }

  #session(index: number): Session {
    return this.#sessions[index] as Session
  }

  /** Another secret of the same session: only an answer or an entry of the log tells the verifier. */
  #rotate(index: number): void {
    const session = this.#session(index)
    const { answer, token } = newSession()
    this.#sessions[index] = {
      ...session,
      token: `cfs_${session.id}${token.slice(26)}`,
      answer: { ...session.answer, proof: answer.proof },
    }
  }

  #renew(): void {
    const nonce = `renewal-${(this.#renewals += 1)}`
    this.#verifier.lease.requested(nonce, this.#now)
    this.#verifier.granted(nonce, { epoch: 1, barrier: this.#seq, leaseMs: LEASE_MS })
  }

  #ask(session: Session): void {
    const question = this.#verifier.ask([session.id], this.#now)
    const outcome = this.#verifier.answered(question, session.answer, session.id, position(this.#seq))
    if (outcome.kind === 'live') outcome.session.toldOfUse(this.#now)
  }

  #check(session: Session): void {
    const expected = lookedAt(this.#verifier, session, this.#now)
    const recognised = this.#verifier.recognise(session.token, this.#now)
    if (recognised !== undefined && (expected !== 'admitted' || recognised.id !== session.id))
      throw new Error(`recognised, where looking at everything says ${expected}`)
    if (recognised !== undefined) this.recognised += 1
    const { kind } = this.#verifier.check(session.token, this.#now)
    if ((kind === 'admitted' ? kind : 'not admitted') !== expected)
      throw new Error(`${kind}, where looking at everything says ${expected}`)
    if (kind === 'admitted') this.admitted += 1
  }
}

it('a check says what looking at everything that decides would say', () => {
  let [admitted, recognised] = [0, 0]
  assert(
    property(steps, (all) => {
      const run = new Run()
      for (const step of all) run.take(step)
      admitted += run.admitted
      recognised += run.recognised
    }),
    { numRuns: 1_000 },
  )
  // Otherwise it would have shown nothing.
  expect(admitted).toBeGreaterThan(500)
  expect(recognised).toBeGreaterThan(500)
})
