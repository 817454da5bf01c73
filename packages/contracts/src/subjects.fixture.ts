/** Subjects of all kinds, the likeliest to be mistaken for each other above all. */
import fc from 'fast-check'
import { Value } from 'typebox/value'

import { SubjectSchema, UserIdSchema, type Subject, type TenantId, type UserId } from './identifiers.ts'

export function subject(tenant: string, user: string): Subject {
  return { tenant: tenant as TenantId, user: user as UserId }
}

const TRICKY = [
  'a',
  'b',
  'A',
  '/',
  '%',
  '2',
  'F',
  '=',
  '.',
  '*',
  '>',
  ' ',
  '|',
  ':',
  "'",
  '_',
  'é',
  '用',
  '😀',
  '\uffe5',
]

const anyUser = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...TRICKY), minLength: 1, maxLength: 6 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.constantFrom('__proto__', 'constructor', '{"$gt":""}', 'a'.repeat(255), '字'.repeat(85)),
  )
  .map((text) => text.normalize())
  .filter((text) => Value.Check(UserIdSchema, text))

export const anySubject: fc.Arbitrary<Subject> = fc
  .tuple(fc.stringMatching(/^[a-b][.:|~-]{0,2}$/), anyUser)
  .map(([tenant, user]) => subject(tenant, user))
  .filter((each) => Value.Check(SubjectSchema, each))
