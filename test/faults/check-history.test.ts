/**
 * The checker is held against histories written by hand: what must be rejected is rejected, by the right rule.
 */
import { describe, expect, it } from 'vitest'

import { checkHistory } from './check-history.ts'
import {
  TICK_MS,
  type Change,
  type ChangeAnswer,
  type Check,
  type Entry,
  type Fault,
  type Login,
  type Outcome,
  type Scope,
  type Try,
} from './history.ts'

const PROMISES = { waitMs: 1_000, recoveryMs: 2_000, starvedMs: 500 }
const CONFIRMED: ChangeAnswer = { state: 'confirmed', by: 'acknowledgement', lapsed: 0, recorded: true }
const REFUSED = { status: 401, retryAfter: false }
const FORBIDDEN = { status: 403, retryAfter: false }
const UNAVAILABLE = { status: 503, retryAfter: true }

function login(startMs: number, more: Partial<Login> = {}): Login {
  const whose = { session: 's', tenant: 'acme', user: 'ann', client: 'api' }
  return { kind: 'login', ...whose, startMs, endMs: startMs + 10, ...more }
}

function check(startMs: number, outcome: Outcome, more: Partial<Check> = {}): Check {
  const usual = { session: 's', at: ['gateway'], needs: 'documents:read', isFinal: false } as const
  return { kind: 'check', ...usual, outcome, startMs, endMs: startMs + 10, ...more }
}

function revocation(
  startMs: number,
  scope: Scope = { type: 'session', session: 's' },
  spares?: string,
): Change {
  const what = { type: 'revocation', scope, ...(spares !== undefined && { spares }) } as const
  return { kind: 'change', change: 1, startMs, what }
}

function permission(change: number, startMs: number, isGranted: boolean): Change {
  const what = { type: 'permission', tenant: 'acme', user: 'ann', isGranted, through: 'grants' } as const
  return { kind: 'change', change, startMs, what }
}

function answered(change: number, startMs: number, answer: ChangeAnswer): Try {
  return { kind: 'try', change, at: 'session', answer, startMs, endMs: startMs + 10 }
}

function fault(startMs: number, endMs: number, more: Partial<Fault> = {}): Fault {
  const usual = { name: 'a fault', dead: [], affected: 'all', proof: 'seen' } as const
  return { kind: 'fault', ...usual, startMs, endMs, ...more }
}

/** The observer ran all the time, or, with a gap, not. */
function ticks(untilMs: number, gap: readonly [number, number] = [0, 0]): Entry[] {
  const all = Array.from({ length: untilMs / TICK_MS }, (_, index) => index * TICK_MS)
  return all
    .filter((atMs) => atMs < gap[0] || atMs >= gap[1])
    .map((atMs) => ({ kind: 'tick', atMs, starvedMs: 0 }))
}

function rulesBroken(entries: readonly Entry[]): string[] {
  return [...new Set(checkHistory([...ticks(20_000), ...entries], PROMISES).map(({ rule }) => rule))]
}

const revoked = [login(0), revocation(100), answered(1, 100, CONFIRMED)]

describe('revocations', () => {
  it('accepts admissions that began before the answer and refusals at any time after the question', () => {
    expect(rulesBroken([...revoked, check(105, 'admitted', { endMs: 500 }), check(101, REFUSED)])).toEqual([])
    expect(rulesBroken([...revoked, check(5_000, REFUSED, { isFinal: true })])).toEqual([])
  })

  it.each([110, 111, 5_000])('rejects an admission that began at %d, after the answer at 110', (startMs) => {
    expect(rulesBroken([...revoked, check(startMs, 'admitted')])).toEqual([
      'a session was admitted after its revocation had been confirmed',
    ])
  })

  it.each<[string, Scope]>([
    ['user', { type: 'user', tenant: 'acme', user: 'ann' }],
    ['tenant', { type: 'tenant', tenant: 'acme' }],
    ['client', { type: 'client', client: 'api' }],
    ['global', { type: 'global' }],
  ])('knows whom a revocation of scope %s covers', (_, scope) => {
    const entries = [login(0), revocation(100, scope), answered(1, 100, CONFIRMED)]
    expect(rulesBroken([...entries, check(200, 'admitted')])).toHaveLength(1)
    expect(rulesBroken([...entries, check(200, REFUSED)])).toEqual([])
    const other = login(0, { session: 'o', tenant: 'globex', user: 'bob', client: 'web' })
    if (scope.type !== 'global')
      expect(rulesBroken([...entries, other, check(200, REFUSED, { session: 'o' })])).toEqual([
        'a session that nobody had ended was refused',
      ])
  })

  it('knows who is spared', () => {
    const entries = [login(0), revocation(100, { type: 'global' }, 's'), answered(1, 100, CONFIRMED)]
    expect(rulesBroken([...entries, check(200, 'admitted')])).toEqual([])
    expect(rulesBroken([...entries, check(200, REFUSED)])).toHaveLength(1)
  })

  it('lets a login that races a revocation end either way, and one that began afterwards only one way', () => {
    const scope: Scope = { type: 'user', tenant: 'acme', user: 'ann' }
    const change = [revocation(100, scope), answered(1, 100, CONFIRMED)]
    for (const outcome of ['admitted', REFUSED] as const)
      expect(rulesBroken([login(95), ...change, check(200, outcome)])).toEqual([])
    expect(rulesBroken([login(110), ...change, check(200, 'admitted')])).toEqual([])
    expect(rulesBroken([login(110), ...change, check(200, REFUSED)])).toHaveLength(1)
  })

  it('counts the first confirmation among several tries, at whichever replica', () => {
    const tries = [answered(1, 100, { state: 'none', status: 503 }), answered(1, 400, CONFIRMED)]
    expect(rulesBroken([login(0), revocation(100), ...tries, check(405, 'admitted')])).toEqual([])
    expect(rulesBroken([login(0), revocation(100), ...tries, check(410, 'admitted')])).toHaveLength(1)
  })

  it('holds what is recorded to W, and what is unknown to nothing', () => {
    const recorded = [login(0), revocation(100), answered(1, 100, { state: 'recorded' })]
    expect(rulesBroken([...recorded, check(1_109, 'admitted')])).toEqual([])
    expect(rulesBroken([...recorded, check(1_110, 'admitted')])).toEqual([
      'a session was admitted W after its revocation had been recorded',
    ])
    const unknown = [login(0), revocation(100), answered(1, 100, { state: 'unknown' })]
    for (const outcome of ['admitted', REFUSED] as const)
      expect(rulesBroken([...unknown, check(5_000, outcome, { isFinal: true })])).toEqual([])
  })

  it('rejects a session that is served again long after it was refused, even where no answer was ever heard', () => {
    const lost = [login(0), revocation(100), answered(1, 100, { state: 'none', status: undefined })]
    expect(rulesBroken([...lost, check(200, REFUSED), check(1_209, 'admitted')])).toEqual([])
    expect(rulesBroken([...lost, check(200, REFUSED), check(1_210, 'admitted')])).toEqual([
      'a session came back to life after it had been refused',
    ])
  })

  it('rejects a revocation that does not hold in the end, a 503 included', () => {
    const rule = 'an acknowledged revocation does not hold in the end'
    expect(rulesBroken([...revoked, check(9_000, UNAVAILABLE, { isFinal: true })])).toContain(rule)
    expect(rulesBroken([...revoked, check(9_000, 'admitted', { isFinal: true })])).toContain(rule)
    expect(
      rulesBroken([...revoked, check(9_000, { status: 404, retryAfter: false }, { isFinal: true })]),
    ).toEqual([])
  })
})

describe('sessions that nobody ended', () => {
  it.each([REFUSED, FORBIDDEN])('are never refused with %o, not even during an outage', (outcome) => {
    expect(rulesBroken([login(0), fault(50, 500), check(100, outcome), check(600, 'admitted')])).toHaveLength(
      1,
    )
  })

  it('may be lost with the store that was put back, if they were not in it', () => {
    const rewind = fault(500, 600, { sessionsLostSinceMs: 200 })
    const served = check(700, 'admitted', { session: 'other' })
    const other = login(0, { session: 'other' })
    expect(rulesBroken([other, served, login(300), rewind, check(800, REFUSED)])).toEqual([])
    expect(rulesBroken([other, served, login(100), rewind, check(800, REFUSED)])).toHaveLength(1)
    expect(rulesBroken([other, served, login(300), rewind, check(400, REFUSED)])).toHaveLength(1)
  })
})

describe('permissions', () => {
  const withdrawn = [login(0), permission(1, 100, false), answered(1, 100, CONFIRMED)]

  it('are gone once that is confirmed, and not before anybody asked', () => {
    expect(rulesBroken([...withdrawn, check(105, 'admitted'), check(106, FORBIDDEN)])).toEqual([])
    expect(rulesBroken([...withdrawn, check(110, 'admitted')])).toEqual([
      'a permission worked after its withdrawal had been confirmed',
    ])
    expect(rulesBroken([...withdrawn, check(50, FORBIDDEN)])).toEqual([
      'a permission that nobody had taken away was missing',
    ])
  })

  it('are back once that is confirmed', () => {
    const restored = [...withdrawn, permission(2, 300, true), answered(2, 300, CONFIRMED)]
    expect(rulesBroken([...restored, check(295, 'admitted'), check(305, FORBIDDEN)])).toEqual([])
    expect(rulesBroken([...restored, check(310, 'admitted')])).toEqual([])
    expect(rulesBroken([...restored, check(310, FORBIDDEN)])).toHaveLength(1)
    expect(rulesBroken([...restored, check(200, 'admitted')])).toHaveLength(1)
  })

  it('are in doubt for as long as a try that was never answered may contradict', () => {
    const open = [login(0), permission(1, 100, false), answered(1, 100, { state: 'none', status: undefined })]
    const restored = [permission(2, 300, true), answered(2, 300, CONFIRMED)]
    expect(rulesBroken([...open, ...restored, check(400, FORBIDDEN), check(500, 'admitted')])).toEqual([])
    const again = [...open, answered(1, 200, CONFIRMED)]
    expect(rulesBroken([...again, check(250, 'admitted')])).toHaveLength(1)
  })

  it('matter only where they are asked for', () => {
    expect(rulesBroken([...withdrawn, check(200, 'admitted', { needs: 'nothing' })])).toEqual([])
  })
})

describe('outages', () => {
  it('are 503 with Retry-After, for those whom the fault concerns', () => {
    const served = check(600, 'admitted')
    expect(rulesBroken([login(0), fault(50, 500), check(100, UNAVAILABLE), served])).toEqual([])
    expect(
      rulesBroken([login(0), fault(50, 500), check(100, { status: 503, retryAfter: false }), served]),
    ).toEqual(['a 503 without Retry-After'])
    expect(
      rulesBroken([login(0), fault(50, 500), check(100, { status: 500, retryAfter: false }), served]),
    ).toEqual(['an outage was not answered with 503'])
    const elsewhere = fault(50, 500, { affected: ['documents'] })
    expect(rulesBroken([login(0), elsewhere, check(100, UNAVAILABLE), served])).toEqual([
      'not served although nothing was wrong there',
    ])
    const spared = fault(50, 500, { spared: ['s'] })
    expect(rulesBroken([login(0), spared, check(100, UNAVAILABLE), served])).toHaveLength(1)
    const behind: Partial<Check> = { at: ['gateway', 'documents'] }
    expect(rulesBroken([login(0), elsewhere, check(100, UNAVAILABLE, behind), served])).toEqual([])
  })

  it('are silence only where the process itself is dead, and 502 only in front of it', () => {
    const dead = fault(50, 500, { dead: ['documents'], affected: ['documents'] })
    const served = [check(600, 'admitted'), check(600, 'admitted', { at: ['documents'] })]
    const silent = check(100, 'unreachable', { at: ['documents'] })
    const inFront = check(100, { status: 502, retryAfter: false }, { at: ['gateway', 'documents'] })
    expect(rulesBroken([login(0), dead, silent, inFront, ...served])).toEqual([])
    expect(rulesBroken([login(0), fault(50, 500), silent, ...served])).toEqual([
      'a live process did not answer',
    ])
    expect(rulesBroken([login(0), dead, check(100, 'unreachable'), ...served])).toContain(
      'a live process did not answer',
    )
  })

  it('are over within the time for recovery, by the clock of an observer who was running', () => {
    const late = check(2_600, UNAVAILABLE)
    const entries = [login(0), fault(50, 500), late, check(4_000, 'admitted')]
    expect(rulesBroken(entries)).toEqual(['not served again in time after a fault'])
    const starved = [...ticks(20_000, [600, 1_000]), ...entries]
    expect(checkHistory(starved, PROMISES)).toEqual([])
  })

  it('are explained by a machine that kept processes from running for too much of W', () => {
    const judged = (atMs: number, starvedMs: number) =>
      rulesBroken([
        { kind: 'tick', atMs: 20_001, starvedMs: 0 },
        login(21_000),
        check(25_000, UNAVAILABLE),
        ...[0, 1].map((each): Entry => ({ kind: 'tick', atMs: atMs + each, starvedMs })),
      ])
    expect(judged(24_500, 250)).toEqual([])
    expect(judged(24_500, 249)).toHaveLength(1)
    expect(judged(23_900, 1_000)).toHaveLength(1)
    expect(judged(25_011, 1_000)).toHaveLength(1)
  })

  it('do not happen without a fault', () => {
    expect(rulesBroken([login(0), check(100, UNAVAILABLE)])).toEqual([
      'not served although nothing was wrong there',
    ])
  })

  it('end: somebody is admitted afterwards at every process, and nothing is left in the end', () => {
    const seen = check(10, 'admitted')
    expect(rulesBroken([login(0), seen, fault(50, 500)])).toEqual(['gateway admitted nobody after a fault'])
    expect(
      rulesBroken([
        login(0),
        fault(50, 500),
        check(600, 'admitted'),
        check(700, UNAVAILABLE, { isFinal: true }),
      ]),
    ).toEqual(['a live session is not served in the end'])
  })

  it('are not believed without proof', () => {
    expect(rulesBroken([fault(50, 500, { proof: '' })])).toEqual(['a fault was not proven'])
  })
})
