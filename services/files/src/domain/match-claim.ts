/**
 * ⑦ Is this claim for this request?
 * Promise: what is served is named by the claim; the path only has to agree with it, so no path can reach another file.
 */
import type { FileAct, FileActOf, FileClaim } from '@curfew/one-time-claims'

import type { ClaimFor, Operation } from '../ports.ts'

export type Match<Op extends Operation> =
  | { readonly kind: 'match'; readonly claim: ClaimFor<Op> }
  | { readonly kind: 'mismatch'; readonly reason: 'operation' | 'file' }

export function matchClaim<Op extends Operation>(
  claim: FileClaim,
  operation: Op,
  pathFile: string,
): Match<Op> {
  if (!isClaimFor(claim, operation)) return { kind: 'mismatch', reason: 'operation' }
  if (claim.act.file !== pathFile) return { kind: 'mismatch', reason: 'file' }
  return { kind: 'match', claim }
}

function isClaimFor<Op extends Operation>(claim: FileClaim, operation: Op): claim is ClaimFor<Op> {
  const act: FileAct | FileActOf<Op> = claim.act
  return act.op === operation
}
