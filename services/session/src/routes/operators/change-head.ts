/** The first fields of an entry about an operator's change, under a new id. */
import { randomBytes } from 'node:crypto'

import { entryHead, type EntryHead } from '@curfew/contracts'

/** @param kind only makes ids easier to read. */
export function changeHead(kind: 'grants' | 'role' | 'suspension', actor: string, atMs: number): EntryHead {
  return entryHead(`${kind}-${randomBytes(16).toString('base64url')}`, atMs, actor)
}
