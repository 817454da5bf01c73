/** ④ ⑤ What every entry about a change by an operator begins with. */
import { randomBytes } from 'node:crypto'

import { isoTime } from '@curfew/contracts'

export interface EntryHead {
  readonly v: 1
  readonly id: string
  readonly at: string
  readonly actor: string
}

/** @param kind only makes ids easier to read. */
export function entryHead(kind: 'grants' | 'role' | 'suspension', actor: string, atMs: number): EntryHead {
  return { v: 1, id: `${kind}-${randomBytes(16).toString('base64url')}`, at: isoTime(atMs), actor }
}
