import { formatPosition, type SecretHash } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { SubjectFacts, WideFact } from '../../domain/log/facts.ts'
import { sessionForTest } from '../../domain/sessions/session-record.fixture.ts'
import { indexPartOf, KEYS, INDEX_PARTS } from './redis-keys.ts'
import { positionFrom } from './redis-replies.ts'
import { fieldsOf, pendingText, SESSION_FIELDS, sessionFrom } from './redis-session-record.ts'
import { loginsIn, SUBJECT_FIELDS, subjectFactsFrom, tellingsOf } from './redis-subject-record.ts'
import { wideFactFrom, wideFieldOf, wideValueOf } from './redis-wide-record.ts'

const position = formatPosition(1, 7)

/** What HMGET would answer. */
function read(fields: readonly string[], written: readonly string[]): (string | null)[] {
  return fields.map((field) => {
    const index = written.findIndex((name, at) => at % 2 === 0 && name === field)
    return index === -1 ? null : (written[index + 1] ?? null)
  })
}

describe('a wide fact', () => {
  it.each([
    { kind: 'global', value: { position, except: ['s'] } },
    { kind: 'tenant', tenant: 'a:b', value: { position, except: [] } },
    { kind: 'client', client: 'role:x', value: { position, except: [] } },
    { kind: 'role', tenant: 'a:b', role: 'c:d', value: { position, permissions: ['p:q'] } },
    { kind: 'suspension', tenant: 'acme', value: { position, suspended: false } },
  ] as unknown as WideFact[])('$kind comes back as it went', (fact) => {
    expect(wideFactFrom(wideFieldOf(fact), wideValueOf(fact))).toEqual(fact)
  })

  it.each([
    ['global', '{}'],
    ['global', `${position}{}`],
    ['planet:x', `${position}{"except":[]}`],
    ['suspension:x', `${position}{"except":[]}`],
    ['role:x', position],
  ])('%s with %s stops the start', (field, text) => {
    expect(() => wideFactFrom(field, text)).toThrow(/curfew:wide|JSON/)
  })
})

describe('facts about a subject', () => {
  it('come back as they went', () => {
    const facts = {
      watermark: { position, except: ['s'] },
      grants: { position, roles: ['r'], permissions: [] },
      suspension: { position, suspended: true },
    } as unknown as SubjectFacts
    expect(subjectFactsFrom(read(SUBJECT_FIELDS, tellingsOf(facts).flat()))).toEqual(facts)
    expect(subjectFactsFrom(read(SUBJECT_FIELDS, []))).toEqual({})
  })

  it('begin with the position that settles which is newer', () => {
    const facts = { suspension: { position, suspended: true } }
    expect(tellingsOf(facts)[0]?.[1].startsWith(position)).toBe(true)
  })

  it.each(SUBJECT_FIELDS)('that cannot be read under %s are an error, not an absence', (field) => {
    for (const damaged of ['{}', '[]', position, `${position}[`])
      expect(() => subjectFactsFrom(read(SUBJECT_FIELDS, [field, damaged]))).toThrow(/position|JSON/)
  })

  it('stand beside the sessions, which come in the order of their logins', () => {
    const facts = { suspension: { position, suspended: true } }
    const [first, second] = ['a'.repeat(22), 'b'.repeat(22)] as [string, string]
    const fields = [second, '12', ...tellingsOf(facts).flat(), 'n', '12', first, '9']
    expect(loginsIn(fields)).toEqual([
      { session: first, login: 9 },
      { session: second, login: 12 },
    ])
    expect(subjectFactsFrom(read(SUBJECT_FIELDS, fields))).toEqual(facts)
  })
})

describe('a session', () => {
  const optional: ReadonlySet<string> = new Set(SESSION_FIELDS.slice(SESSION_FIELDS.indexOf('l')))

  it('that lacks any field which it cannot be without is none', () => {
    const times = { createdAtMs: 5_000, authTimeMs: 6_000, lastSeenMs: 7_000 }
    const session = sessionForTest({ label: 'laptop', addressClass: '192.0.2.0/24', ...times })
    const written = fieldsOf(session)
    expect(sessionFrom(session.id, read(SESSION_FIELDS, written))).toEqual(session)
    for (const missing of SESSION_FIELDS.filter((field) => !optional.has(field))) {
      const reply = read(SESSION_FIELDS, written).map((value, n) =>
        SESSION_FIELDS[n] === missing ? null : value,
      )
      expect(sessionFrom(session.id, reply)).toBeUndefined()
    }
    const bare = written.filter((_, at) => !optional.has(written[at - (at % 2)] ?? ''))
    expect(sessionFrom(session.id, read(SESSION_FIELDS, bare))).toEqual({
      ...session,
      label: undefined,
      addressClass: undefined,
    })
  })

  it('comes back with its earlier secrets and the one to come', () => {
    const session = sessionForTest()
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(43) as SecretHash) as [
      SecretHash,
      SecretHash,
      SecretHash,
    ]
    const pending = { secretHash: c, begunAtMs: 1_234 }
    const written = [...fieldsOf(session), 'k', pendingText(pending), 'e', a + b, 'o', '50', 'q', '60']
    expect(sessionFrom(session.id, read(SESSION_FIELDS, written))).toEqual({
      ...session,
      pending,
      predecessors: [a, b],
      overlapEndsMs: 50,
      relayOverlapEndsMs: 60,
    })
  })
})

describe('keys', () => {
  it('tell every pair of issuer and claim id apart', () => {
    const pairs = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['1:a', 'bc'],
      ['', 'abc'],
    ] as const
    expect(new Set(pairs.map(([issuer, id]) => KEYS.claim(issuer, id))).size).toBe(pairs.length)
  })

  it('spread sessions over all parts of the index', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'.split('')
    const parts = letters.flatMap((a) => letters.map((b) => indexPartOf(`${a}${b}` as never)))
    const counts = Array.from({ length: INDEX_PARTS }, (_, part) => parts.filter((p) => p === part).length)
    expect(Math.min(...counts)).toBeGreaterThan(parts.length / INDEX_PARTS / 2)
  })
})

describe('a position in Redis', () => {
  it('that is none is an error, not a beginning', () => {
    expect(positionFrom(position)).toBe(position)
    expect(positionFrom(null) < position).toBe(true)
    for (const damaged of ['7', 'x', 7, undefined, `${position} `])
      expect(() => positionFrom(damaged)).toThrow('is none')
  })
})
