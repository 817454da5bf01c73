/** ④ A revocation as operators see it. */
import type { Position } from '@curfew/contracts'

import type { Revocation } from '../../domain/revocations/revocation.ts'

export interface RevocationJson extends Omit<Revocation, 'position'> {
  /** Null while it is not known whether the log has it. */
  readonly position: Position | null
}

export function revocationJson(of: Omit<Revocation, 'position'>, position: Position | null): RevocationJson {
  const { id, scope, reason, actor, at, except } = of
  return { id, position, scope, reason, actor, at, except }
}
