import { formatPosition, ORIGIN, type Position, type SessionId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { SubjectFacts, Suspension, Watermark } from '../log/facts.ts'
import { WideFactsInMemory } from '../log/wide-facts.ts'
import { sessionForTest } from './session-record.fixture.ts'
import { isRevoked, isSuspended, judge } from './validity.ts'

const at = (seq: number): Position => formatPosition(1, seq)
const OTHER = 'BBBBBBBBBBBBBBBBBBBBBB' as SessionId
const session = sessionForTest({ birth: at(10), createdAtMs: 0, lastSeenMs: 0 })
const ALIVE_MS = 1

interface Facts {
  readonly global?: Watermark
  readonly tenant?: Watermark
  readonly client?: Watermark
  readonly user?: Watermark
  readonly endedAt?: Position
  readonly suspension?: Suspension
  readonly tenantSuspension?: Suspension
}

function evidence(facts: Facts): {
  subject: SubjectFacts
  wide: WideFactsInMemory
  endedAt: Position | undefined
} {
  const wide = new WideFactsInMemory()
  const { tenant, client } = session
  if (facts.global) wide.take({ kind: 'global', value: facts.global })
  if (facts.tenant) wide.take({ kind: 'tenant', tenant, value: facts.tenant })
  if (facts.client) wide.take({ kind: 'client', client, value: facts.client })
  if (facts.tenantSuspension) wide.take({ kind: 'suspension', tenant, value: facts.tenantSuspension })
  return { subject: { watermark: facts.user, suspension: facts.suspension }, wide, endedAt: facts.endedAt }
}

const watermark = (seq: number, ...except: SessionId[]): Watermark => ({ position: at(seq), except })

describe.each(['global', 'tenant', 'client', 'user'] as const)('a revocation of the %s', (scope) => {
  it.each([
    ['before its birth leaves it', watermark(9), 'live'],
    ['at its birth leaves it: the birth had seen it', watermark(10), 'live'],
    ['one position after its birth ends it', watermark(11), 'revoked'],
    ['that spares it leaves it', watermark(11, session.id), 'live'],
    ['that spares it among others leaves it', watermark(11, OTHER, session.id), 'live'],
    ['that spares another ends it', watermark(11, OTHER), 'revoked'],
  ])('%s', (_, value, verdict) => {
    expect(judge(session, evidence({ [scope]: value }), ALIVE_MS)).toBe(verdict)
  })

  it('of a later epoch ends it, whatever its sequence', () => {
    const value = { position: formatPosition(2, 1), except: [] }
    expect(judge(session, evidence({ [scope]: value }), ALIVE_MS)).toBe('revoked')
  })

  it('covers a login that began before it, which nothing can have spared', () => {
    const { tenant, client } = session
    const born = { tenant, client, birth: at(10) }
    expect(isRevoked(born, evidence({ [scope]: watermark(11, session.id) }))).toBe(true)
    expect(isRevoked(born, evidence({ [scope]: watermark(10) }))).toBe(false)
    expect(isRevoked({ ...born, birth: ORIGIN }, evidence({ [scope]: watermark(1) }))).toBe(true)
  })
})

describe('a session', () => {
  it('spared by one scope is still ended by another', () => {
    const facts = { global: watermark(12, session.id), user: watermark(11) }
    expect(judge(session, evidence(facts), ALIVE_MS)).toBe('revoked')
  })

  it('that was ended itself is over, and only then', () => {
    expect(judge(session, evidence({ endedAt: at(11) }), ALIVE_MS)).toBe('revoked')
    expect(judge(session, evidence({ endedAt: at(10) }), ALIVE_MS)).toBe('live')
  })

  it('of a suspended user or tenant is suspended until the later word says otherwise', () => {
    const suspended = { position: at(20), suspended: true }
    const resumed = { position: at(21), suspended: false }
    expect(judge(session, evidence({ suspension: suspended }), ALIVE_MS)).toBe('suspended')
    expect(judge(session, evidence({ tenantSuspension: suspended }), ALIVE_MS)).toBe('suspended')
    expect(judge(session, evidence({ suspension: resumed, tenantSuspension: suspended }), ALIVE_MS)).toBe(
      'suspended',
    )
    expect(judge(session, evidence({ suspension: resumed, tenantSuspension: resumed }), ALIVE_MS)).toBe(
      'live',
    )
    expect(isSuspended(session.tenant, evidence({}))).toBe(false)
  })

  it('ends at the very millisecond of its idle and of its absolute limit', () => {
    const { idleTimeoutMs, expiresAtMs } = session
    expect(judge(session, evidence({}), idleTimeoutMs - 1)).toBe('live')
    expect(judge(session, evidence({}), idleTimeoutMs)).toBe('expired')
    const seen = { ...session, lastSeenMs: expiresAtMs - 1 }
    expect(judge(seen, evidence({}), expiresAtMs - 1)).toBe('live')
    expect(judge(seen, evidence({}), expiresAtMs)).toBe('expired')
  })

  it('is called revoked before anything that may pass', () => {
    const suspended = { position: at(20), suspended: true }
    expect(judge(session, evidence({ user: watermark(11), suspension: suspended }), Infinity)).toBe('revoked')
    expect(judge(session, evidence({ suspension: suspended }), Infinity)).toBe('suspended')
  })
})
