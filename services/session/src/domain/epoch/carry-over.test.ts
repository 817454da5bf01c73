import { formatPosition, parseLogEntry, type LogEntry, type Position } from '@curfew/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { factOf } from '../log/facts.ts'
import { CarryOver } from './carry-over.ts'

const at = (epoch: number, seq: number): Position => formatPosition(epoch, seq)
const common = { v: 1, id: 'x', at: '', actor: 'system' } as const
const LEASE = { leaseMs: 5_000, previousLeaseMs: 9_000 }

function carrying(...said: [unknown, Position][]): CarryOver {
  const carry = new CarryOver()
  for (const [entry, position] of said) {
    const fact = factOf({ ...common, ...(entry as object) } as LogEntry, position)
    if (fact !== undefined) carry.take(fact)
  }
  return carry
}

/** Without what names this one writing of it. */
const contentOf = (carry: CarryOver) => carry.entries(0, LEASE).map((entry) => ({ ...entry, ...NAMED }))
const NAMED = { id: '', at: '', reason: '' }

const grants = (permission: string) => ({
  type: 'grants-changed',
  tenant: 'acme',
  user: 'bob',
  roles: ['editor'],
  permissions: [permission],
})
const role = { type: 'role-changed', tenant: 'acme', role: 'editor', permissions: ['a:b'] }

describe('what a new epoch begins with', () => {
  it('is the lease length and the end of every session, also when nothing else is known', () => {
    expect(contentOf(new CarryOver())).toMatchObject([
      { type: 'config', ...LEASE },
      { type: 'revoked', scope: { type: 'global' } },
    ])
  })

  it('is the newest of each, whoever knows it and in whatever order it comes', () => {
    const said: [unknown, Position][] = [
      [grants('old:one'), at(1, 900)],
      [grants('new:one'), at(2, 3)],
      [role, at(1, 5)],
      [{ type: 'suspended', tenant: 'acme', user: 'bob' }, at(1, 6)],
      [{ type: 'resumed', tenant: 'acme', user: 'bob' }, at(1, 7)],
      [{ type: 'suspended', tenant: 'umbrella' }, at(1, 8)],
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(said, { minLength: said.length }), (shuffled) => {
        const carry = carrying(...shuffled)
        expect(carry.counts).toEqual({ roles: 1, grants: 1, suspensions: 1, operators: 0 })
        expect(contentOf(carry).slice(2)).toEqual(
          expect.arrayContaining([
            { ...role, v: 1, actor: 'system', ...NAMED },
            { ...grants('new:one'), v: 1, actor: 'system', ...NAMED },
            // That somebody was resumed counts as well: an older Redis may still say that he is suspended.
            { type: 'resumed', tenant: 'acme', user: 'bob', v: 1, actor: 'system', ...NAMED },
            { type: 'suspended', tenant: 'umbrella', v: 1, actor: 'system', ...NAMED },
          ]),
        )
      }),
    )
  })

  it('is nothing that ends with the sessions or belongs to one epoch', () => {
    const member = { member: 'm', kind: 'verifier', service: 's', host: 'h', protocol: 1 }
    const carry = carrying(
      [{ type: 'revoked', scope: { type: 'tenant', tenant: 'acme' } }, at(1, 1)],
      [{ type: 'revoked', scope: { type: 'user', tenant: 'acme', user: 'bob' } }, at(1, 2)],
      [{ type: 'joined', ...member }, at(1, 3)],
    )
    expect(contentOf(carry)).toHaveLength(2)
  })

  it('can be read by everybody, each under an id of its own', () => {
    const carry = carrying([grants('one:more'), at(1, 1)], [role, at(1, 2)])
    const entries = carry.entries(0, LEASE)
    for (const entry of entries) expect(parseLogEntry(JSON.stringify(entry))).toEqual(entry)
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length)
  })

  it('reckons with the longest lease that was ever heard of', () => {
    const carry = carrying(
      [{ type: 'config', leaseMs: 2_000, previousLeaseMs: 30_000 }, at(1, 1)],
      [{ type: 'config', leaseMs: 3_000, previousLeaseMs: 2_000 }, at(1, 9)],
    )
    expect([carry.leaseMs, carry.longestLeaseMs]).toEqual([3_000, 30_000])
    expect(new CarryOver().longestLeaseMs).toBeUndefined()
  })

  it('counts who is left that can grant everything: of the administrative tenant, by a role too, and not suspended', () => {
    const whom = { tenant: 'curfew', user: 'operator' }
    const byRole = { type: 'grants-changed', ...whom, roles: ['chief'], permissions: [] }
    const chief = { type: 'role-changed', tenant: 'curfew', role: 'chief', permissions: ['curfew:operator'] }
    const operatorsIn = (...entries: unknown[]) =>
      carrying(...entries.map((entry, index): [unknown, Position] => [entry, at(1, index + 1)])).counts
        .operators
    expect(operatorsIn(byRole, chief)).toBe(1)
    expect(operatorsIn(byRole, chief, { ...byRole, user: 'second' })).toBe(2)
    expect(operatorsIn(byRole)).toBe(0)
    expect(operatorsIn(byRole, chief, { type: 'suspended', ...whom })).toBe(0)
    expect(operatorsIn(byRole, chief, { type: 'suspended', tenant: 'curfew' })).toBe(0)
    expect(operatorsIn({ ...byRole, tenant: 'acme' }, { ...chief, tenant: 'acme' })).toBe(0)
  })
})
