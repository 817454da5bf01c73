import { isDeepStrictEqual } from 'node:util'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Subject } from './identifiers.ts'
import type { LogEntry } from './log-entries.ts'
import { grantsSubject, parseLogEntry, subjectOfEntry } from './log-entries.ts'
import { anySubject, subject } from './subjects.fixture.ts'
import { logSubject, subjectToken } from './subjects.ts'

describe('subject tokens', () => {
  it('hold no separator, wildcard, space or control character, whatever the id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (id) =>
        /^[A-Za-z0-9_=-]*$/.test(subjectToken(id)),
      ),
    )
  })

  it('are different for different ids', () => {
    const id = fc.string({ unit: 'grapheme', maxLength: 12 })
    fc.assert(fc.property(id, id, (a, b) => a === b || subjectToken(a) !== subjectToken(b)))
    expect(subjectToken('a.b')).not.toBe(subjectToken('a=2Eb'))
  })

  it('keep ordinary names readable', () => {
    expect(logSubject(1, 'grants', 'acme', 'alice@example.com')).toBe(
      'curfew.1.log.grants.acme.alice=40example=2Ecom',
    )
  })

  it('give back the id', () => {
    const decoded = (token: string): string => decodeURIComponent(token.replaceAll(/=([0-9A-F]{2})/g, '%$1'))
    fc.assert(fc.property(anySubject, ({ user }) => decoded(subjectToken(user)) === user))
  })
})

describe('log entries', () => {
  const common = { v: 1, id: 'e1', at: '2026-01-01T00:00:00.000Z', actor: 'system' }
  const parse = (value: unknown): LogEntry | undefined => parseLogEntry(JSON.stringify(value))

  it('of one entity share a subject, so that the latest fact is what the log keeps', () => {
    const suspended = parse({ ...common, type: 'suspended', tenant: 'acme', user: 'bob' })
    const resumed = parse({ ...common, type: 'resumed', tenant: 'acme', user: 'bob' })
    expect(suspended && subjectOfEntry(1, suspended)).toBe('curfew.1.log.suspension.user.acme.bob')
    expect(resumed && subjectOfEntry(1, resumed)).toBe('curfew.1.log.suspension.user.acme.bob')
  })

  it('about two users never share one, and the longest fits into a line of the broker', () => {
    const of = ({ tenant, user }: Subject): string => grantsSubject(1, { tenant, user })
    fc.assert(fc.property(anySubject, anySubject, (a, b) => (of(a) === of(b)) === isDeepStrictEqual(a, b)))
    // NATS takes control lines of 4,096 bytes: the subject, one for the answer, and sizes.
    expect(of(subject('~'.repeat(128), '字'.repeat(85))).length).toBeLessThan(2_048)
  })

  it('about users named in any alphabet are understood, also by a reader that knows fewer characters', () => {
    const roles = { roles: [], permissions: [] }
    fc.assert(
      fc.property(
        anySubject,
        (of) => parse({ ...common, type: 'grants-changed', ...of, ...roles }) !== undefined,
      ),
    )
    const later = { tenant: 'acme', user: '\u{10fffd}' }
    expect(parse({ ...common, type: 'revoked', scope: { type: 'user', ...later } })).toBeDefined()
    expect(parse({ ...common, type: 'suspended', ...later })).toBeDefined()
  })

  it('about a user and about a tenant of a telling name never share one', () => {
    const tenant = parse({ ...common, type: 'revoked', scope: { type: 'tenant', tenant: 'user.acme' } })
    const user = parse({ ...common, type: 'revoked', scope: { type: 'user', tenant: 'acme', user: 'x' } })
    expect(tenant && subjectOfEntry(1, tenant)).toBe('curfew.1.log.revoked.tenant.user=2Eacme')
    expect(user && subjectOfEntry(1, user)).toBe('curfew.1.log.revoked.user.acme.x')
  })

  it.each([
    ['another version', { ...common, v: 2, type: 'revoked', scope: { type: 'global' } }],
    ['an unknown type', { ...common, type: 'forgiven', scope: { type: 'global' } }],
    ['an unknown member', { ...common, type: 'revoked', scope: { type: 'global' }, until: 'tomorrow' }],
    ['a scope without its id', { ...common, type: 'revoked', scope: { type: 'session' } }],
    ['a wildcard for an id', { ...common, type: 'revoked', scope: { type: 'tenant', tenant: '*' } }],
    ['a list', [common]],
    ['null', null],
  ])('with %s are not understood, and so never skipped', (_, value) => expect(parse(value)).toBeUndefined())

  it('that are not JSON are not understood', () => {
    expect(parseLogEntry('{"v":1')).toBeUndefined()
    expect(parseLogEntry('')).toBeUndefined()
  })
})
