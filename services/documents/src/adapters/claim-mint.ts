/**
 * ⑥ Mints claims with the key of this service that is in force.
 * Promise: a claim falls with the permission it stands on.
 */
import type { Permission } from '@curfew/contracts'
import { createClaimSigner, type ClaimSignerOptions, type FileAct } from '@curfew/one-time-claims'

import type { ClaimMint } from '../ports.ts'

/** What the routes demand before they mint. */
const STANDS_ON: Readonly<Record<FileAct['op'], Permission>> = {
  download: 'documents:read' as Permission,
  upload: 'documents:write' as Permission,
  delete: 'documents:delete' as Permission,
}

export function createClaimMint(options: ClaimSignerOptions): ClaimMint {
  const signer = createClaimSigner(options)
  return {
    jwks: () => signer.jwks(),
    mint: (act, { subject, session }) =>
      signer.mint({ act, subject, session, permission: STANDS_ON[act.op] }),
  }
}
