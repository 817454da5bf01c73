/**
 * ④ The cursors of paged lists: opaque outside, and of one list each.
 * Promise: a cursor that was not given out for this list, or was altered, is refused instead of being guessed at.
 */
type CursorKind = keyof typeof SHAPES

const SHAPES = {
  /** Part of the index of all sessions and, within it, a deadline in milliseconds. */
  index: /^\d{1,2}(?:\.\d{1,16})?$/,
  /** Number of a login of one user. */
  login: /^\d{1,16}$/,
  /** When a request expires, in milliseconds, and its id. */
  expiry: /^\d{1,16}\.rev_[\w-]{22}$/,
  /** Position of the last one listed. */
  position: /^\d{6}\.\d{16}$/,
  /** The last name of the page before: a user's or a tenant's. */
  name: /^\P{Cc}{1,255}$/u,
  /** Where an event stands in the audit trail. */
  audit: /^\d{16}\.\d{2}$/,
} as const

export function formatCursor(kind: CursorKind, value: string): string {
  return Buffer.from(`${kind}:${value}`, 'utf8').toString('base64url')
}

/** The value inside, or undefined for anything else than a cursor of this kind. */
export function parseCursor(kind: CursorKind, cursor: string): string | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  if (!text.startsWith(`${kind}:`)) return undefined
  const value = text.slice(kind.length + 1)
  // base64url decoding forgives; writing it again shows whether there was anything to forgive.
  if (!SHAPES[kind].test(value) || formatCursor(kind, value) !== cursor) return undefined
  return value
}
