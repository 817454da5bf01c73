/**
 * ④ Pages of lists that are sorted by name.
 * Promise: a page is never longer than asked for, and its cursor fits no other kind of list.
 */
import { Problem } from '@curfew/service-kit'
import { Type } from 'typebox'

import { formatCursor, parseCursor } from '../../domain/sessions/cursors.ts'
import { CursorSchema } from './fields.ts'

export const PageQuery = {
  cursor: Type.Optional(CursorSchema),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '50 without it' })),
}

const LIMIT = 50

export interface AskedPage {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

/** What to ask the store for: one more than the page holds, to know whether it is the last. */
export function namesAfter({ cursor, limit = LIMIT }: AskedPage): {
  after: string | undefined
  limit: number
} {
  const after = cursor === undefined ? undefined : parseCursor('name', cursor)
  if (cursor !== undefined && after === undefined)
    throw new Problem('bad-request', 'query parameter "cursor" is not one of this list')
  return { after, limit: limit + 1 }
}

export function pageOf<T extends string>(
  names: readonly T[],
  { limit = LIMIT }: AskedPage,
): { readonly page: readonly T[]; readonly next_cursor: string | null } {
  const page = names.slice(0, limit)
  const last = page.at(-1)
  return { page, next_cursor: names.length > limit && last !== undefined ? formatCursor('name', last) : null }
}
