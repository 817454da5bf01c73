import { Type, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'

import { explain } from './explain.ts'

const closed = { additionalProperties: false }
const Scope = Type.Union([
  Type.Object({ type: Type.Literal('session'), session: Type.String() }, closed),
  Type.Object({ type: Type.Literal('user'), tenant: Type.String(), user: Type.String() }, closed),
  Type.Object({ type: Type.Literal('global') }, closed),
])
const Body = Type.Object(
  {
    scope: Scope,
    reason: Type.String({ minLength: 1, maxLength: 8 }),
    count: Type.Optional(Type.Integer({ minimum: 0 })),
    roles: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z]+$' }), { maxItems: 2 })),
    mode: Type.Optional(Type.Union([Type.Literal('soft'), Type.Literal('hard')])),
    level: Type.Optional(Type.Enum(['low', 'high'])),
  },
  closed,
)

const explained = (schema: TSchema, value: unknown): string => {
  expect(Value.Check(schema, value)).toBe(false)
  const { path, rule } = explain(schema, value)
  return `${path.join('.')} ${rule}`.trim()
}

const good = { scope: { type: 'global' }, reason: 'leak' }

describe('a fault is explained by the member that has it', () => {
  it.each([
    ['an unknown member', { ...good, until: 1 }, 'until is unknown'],
    ['an unknown member of a member', { ...good, scope: { type: 'global', x: 1 } }, 'scope.x is unknown'],
    ['a missing member', { scope: good.scope }, 'reason is missing'],
    ['a wrong type', { ...good, reason: 7 }, 'reason must be string'],
    ['null', { ...good, reason: null }, 'reason must be string'],
    ['a broken rule', { ...good, count: -1 }, 'count must be >= 0'],
    ['an item', { ...good, roles: ['a', 'B'] }, 'roles.1 must match pattern "^[a-z]+$"'],
    ['too many items', { ...good, roles: ['a', 'b', 'c'] }, 'roles must not have more than 2 items'],
    ['none of the constants', { ...good, mode: 'x' }, 'mode must be one of "soft", "hard"'],
    ['none of an enumeration', { ...good, level: 'x' }, 'level must be one of "low", "high"'],
    [
      'an unknown tag',
      { ...good, scope: { type: 'planet' } },
      'scope.type must be one of "session", "user", "global"',
    ],
    ['no tag', { ...good, scope: { session: 'x' } }, 'scope.type is missing'],
    [
      'a missing member of the form meant',
      { ...good, scope: { type: 'user', tenant: 'a' } },
      'scope.user is missing',
    ],
    ['no form at all', { ...good, scope: 'global' }, 'scope fits none of the allowed forms'],
    [
      'an own __proto__',
      JSON.parse('{"__proto__":1,"scope":{"type":"global"},"reason":"x"}'),
      '__proto__ is unknown',
    ],
    ['a list for an object', [], 'must be object'],
    ['nothing', undefined, 'must be object'],
  ])('%s', (_, value, explanation) => expect(explained(Body, value)).toBe(explanation))
})

it('a value is never repeated', () => {
  for (const name of Object.keys(Body.properties))
    expect(explained(Body, { ...good, [name]: { planted: 'hunter2' } })).not.toContain('hunter2')
})

it('a body with very many faults is explained by its first', () => {
  const schema = Type.Array(Type.String())
  expect(
    explained(
      schema,
      Array.from({ length: 30_000 }, (_, index) => index),
    ),
  ).toBe('0 must be string')
})
