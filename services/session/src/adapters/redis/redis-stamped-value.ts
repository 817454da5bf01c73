/**
 * ④ A fact as one value in Redis: the position that settles which of two is newer, and right behind it the rest as JSON.
 * Promise: a value that cannot be read throws: a forgotten watermark would let revoked sessions in.
 */
import { parsePosition, type Position } from '@curfew/contracts'

const POSITION_LENGTH = 23

export function stampedValue(position: Position, rest: unknown): string {
  return position + JSON.stringify(rest)
}

/** @param where for the message */
export function stampedParts(value: string, where: string): { position: Position; rest: unknown } {
  const position = value.slice(0, POSITION_LENGTH)
  if (parsePosition(position) === undefined) throw new Error(`${where} holds no position`)
  return { position: position as Position, rest: JSON.parse(value.slice(POSITION_LENGTH)) as unknown }
}
