import { formatPosition, type LogEntry, type Position } from '@curfew/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { factOf, mergeSubjectFacts, type Fact, type SubjectFacts } from './facts.ts'

const common = { v: 1, id: 'id', at: '', actor: 'system' } as const
const position = formatPosition(1, 7)
const value = { position, except: [] }

describe('an entry states', () => {
  it.each([
    [{ type: 'barrier', replica: 'r' }, undefined],
    [{ type: 'genesis', logId: 'l' }, undefined],
    [
      { type: 'revoked', scope: { type: 'global' } },
      { reach: 'wide', fact: { kind: 'global', value } },
    ],
    [
      { type: 'revoked', scope: { type: 'tenant', tenant: 't' } },
      { reach: 'wide', fact: { kind: 'tenant', tenant: 't', value } },
    ],
    [
      { type: 'revoked', scope: { type: 'client', client: 'c' } },
      { reach: 'wide', fact: { kind: 'client', client: 'c', value } },
    ],
    [
      { type: 'revoked', scope: { type: 'user', tenant: 't', user: 'u' }, except: ['s'] },
      { reach: 'subject', subject: 't/u', facts: { watermark: { position, except: ['s'] } } },
    ],
    [
      { type: 'revoked', scope: { type: 'session', session: 's' } },
      { reach: 'session', session: 's', position },
    ],
    [
      { type: 'grants-changed', tenant: 't', user: 'u', roles: ['r'], permissions: ['p'] },
      { reach: 'subject', subject: 't/u', facts: { grants: { position, roles: ['r'], permissions: ['p'] } } },
    ],
    [
      { type: 'role-changed', tenant: 't', role: 'r', permissions: ['p'] },
      {
        reach: 'wide',
        fact: { kind: 'role', tenant: 't', role: 'r', value: { position, permissions: ['p'] } },
      },
    ],
    [
      { type: 'suspended', tenant: 't' },
      { reach: 'wide', fact: { kind: 'suspension', tenant: 't', value: { position, suspended: true } } },
    ],
    [
      { type: 'resumed', tenant: 't', user: 'u' },
      { reach: 'subject', subject: 't/u', facts: { suspension: { position, suspended: false } } },
    ],
  ] as [object, Fact | undefined][])('%j', (entry, fact) => {
    expect(factOf({ ...common, ...entry } as LogEntry, position)).toEqual(fact)
  })
})

describe('facts about a subject', () => {
  it('come to the same whatever their order and however often they come', () => {
    const facts = fc
      .tuple(fc.constantFrom('watermark', 'grants', 'suspension'), fc.integer({ min: 1, max: 1_000 }))
      .map(([kind, seq]) => factsAt(kind, formatPosition(1, seq)))
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 40 }), (all, order) => {
        const inOrder = all.reduce<SubjectFacts>((merged, each) => mergeSubjectFacts(merged, each), {})
        const jumbled = [...order.flatMap((n) => all[n % all.length] ?? []), ...all.toReversed()]
        const other = jumbled.reduce<SubjectFacts>((merged, each) => mergeSubjectFacts(merged, each), {})
        expect(other).toEqual(inOrder)
      }),
    )
  })

  function factsAt(kind: string, at: Position): SubjectFacts {
    if (kind === 'watermark') return { watermark: { position: at, except: [] } }
    if (kind === 'grants') return { grants: { position: at, roles: [], permissions: [] } }
    return { suspension: { position: at, suspended: true } }
  }
})
