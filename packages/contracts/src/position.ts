/**
 * ⑤ Positions in the log: the only clock that machines share (ARCHITECTURE.md, "The log position is the clock").
 * Promise: the text form is of fixed width, so that comparing strings compares positions, in TypeScript and in Lua alike.
 */
import { Type } from 'typebox'

/** `epoch(6).seq(16)`, both decimal and zero-padded, for example `000001.0000000000000042`. Compare with `<`. */
export type Position = string & { readonly __brand: 'Position' }

const POSITION_PATTERN = '^\\d{6}\\.\\d{16}$'
const pattern = new RegExp(POSITION_PATTERN)

export const PositionSchema = Type.Unsafe<Position>(
  Type.String({ pattern: POSITION_PATTERN, description: 'Position in the revocation log' }),
)

/** Numbers the logs that followed each other. */
export const EpochSchema = Type.Integer({ minimum: 1, maximum: 999_999 })

/** Before every entry of every log: what has never been revoked carries this watermark. */
export const ORIGIN: Position = formatPosition(0, 0)

/**
 * @param epoch which log, 0 to 999999
 * @param seq stream sequence within it, a safe integer
 * @throws RangeError when either does not fit: a truncated position would compare wrongly.
 */
export function formatPosition(epoch: number, seq: number): Position {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > 999_999)
    throw new RangeError(`epoch out of range: ${epoch}`)
  if (!Number.isSafeInteger(seq) || seq < 0) throw new RangeError(`sequence out of range: ${seq}`)
  return `${String(epoch).padStart(6, '0')}.${String(seq).padStart(16, '0')}` as Position
}

/** The two halves, or undefined for anything that is not a position. */
export function parsePosition(text: string): { epoch: number; seq: number } | undefined {
  if (!pattern.test(text)) return undefined
  return { epoch: Number(text.slice(0, 6)), seq: Number(text.slice(7)) }
}

/** The stream sequence of a position that is known to be well formed. */
export function sequenceOf(position: Position): number {
  return Number(position.slice(7))
}

export function laterOf(a: Position, b: Position): Position {
  return a < b ? b : a
}
