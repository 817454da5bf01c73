/**
 * ④ `If-Match` and `If-None-Match` (RFC 9110) on resources whose version is a log position.
 * Promise: a condition that cannot be understood is refused, never ignored.
 */
import { ORIGIN, type Position } from '@curfew/contracts'
import { Problem, listItems } from '@curfew/service-kit'
import { Type } from 'typebox'

export const ConditionHeaders = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 1_024 })),
  'if-none-match': Type.Optional(Type.String({ maxLength: 1_024 })),
})

export interface Conditions {
  readonly 'if-match'?: string
  readonly 'if-none-match'?: string
}

export function etagOf(position: Position): string {
  return `"${position}"`
}

const ETAGS = /^(?:W\/)?"[\x21\x23-\x7e]*"(?:[\t ]*,[\t ]*(?:W\/)?"[\x21\x23-\x7e]*")*$/

/**
 * @param current undefined when there is no such resource yet.
 * @returns what the log's latest entry must be for the change to go through.
 * @throws Problem `precondition-failed`, or `bad-request` for what is no condition.
 */
export function expectedPosition(conditions: Conditions, current: Position | undefined): Position {
  const { 'if-match': match, 'if-none-match': noneMatch } = conditions
  if (match !== undefined && !matches('if-match', match, current)) throw new Problem('precondition-failed')
  if (noneMatch !== undefined && matches('if-none-match', noneMatch, current))
    throw new Problem('precondition-failed')
  return current ?? ORIGIN
}

function matches(name: string, condition: string, current: Position | undefined): boolean {
  // The server has taken the blanks around the field away.
  if (condition === '*') return current !== undefined
  if (!ETAGS.test(condition)) throw new Problem('bad-request', `header "${name}" holds no entity tags`)
  // Strong comparison: a weak tag matches nothing, and positions hold neither commas nor quotes.
  return current !== undefined && listItems(condition).includes(etagOf(current))
}
