/**
 * ④ The history of revocations as one operator may see it.
 * Promise: an operator of one tenant sees what concerned it or came from it, and cannot tell that there is more.
 */
import type { Position } from '@curfew/contracts'

import type { Operator } from '../operators/operator.ts'
import type { RevocationHistory } from './ports.ts'
import type { Revocation } from './revocation.ts'

export interface RevocationPage {
  readonly revocations: readonly Revocation[]
  /** Where the next page begins; a page may be empty and still have a next one. */
  readonly next: Position | undefined
}

const PAGE_SIZE = 50
const MAX_READS = 10

export function isVisible(
  { scope, actor }: Pick<Revocation, 'scope' | 'actor'>,
  operator: Operator,
): boolean {
  if (operator.isAdministrative) return true
  if (scope.type === 'tenant' || scope.type === 'user') return scope.tenant === operator.tenant
  // A session's tenant is not part of its revocation; whose operator ended it is.
  return scope.type === 'session' && actor.startsWith(`${operator.tenant}/`)
}

export async function listRevocations(
  history: RevocationHistory,
  operator: Operator,
  before: Position | undefined,
): Promise<RevocationPage> {
  const visible: Revocation[] = []
  let next = before
  for (let read = 0; read < MAX_READS && visible.length < PAGE_SIZE; read++) {
    const page = await history.page(next, PAGE_SIZE)
    for (const revocation of page) {
      next = revocation.position
      if (isVisible(revocation, operator)) visible.push(revocation)
      if (visible.length === PAGE_SIZE) return { revocations: visible, next }
    }
    if (page.length < PAGE_SIZE) return { revocations: visible, next: undefined }
  }
  return { revocations: visible, next }
}
