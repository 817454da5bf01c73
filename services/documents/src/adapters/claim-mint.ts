/**
 * ⑥ Mints claims with this service's own key, read once from its file.
 * Promise: no usable key, no service; what the file holds is never quoted. A claim falls with the permission it stands on.
 */
import { readFile } from 'node:fs/promises'

import type { Permission } from '@curfew/contracts'
import { createClaimSigner, type ClaimSignerOptions, type FileAct } from '@curfew/one-time-claims'

import type { ClaimMint } from '../ports.ts'

/** What the routes demand before they mint. */
const STANDS_ON: Readonly<Record<FileAct['op'], Permission>> = {
  download: 'documents:read' as Permission,
  upload: 'documents:write' as Permission,
  delete: 'documents:delete' as Permission,
}

export async function createClaimMint(
  keyFile: string,
  options: Omit<ClaimSignerOptions, 'privateJwk'>,
): Promise<ClaimMint> {
  const signer = await createClaimSigner({ ...options, privateJwk: await readKey(keyFile) })
  return {
    jwks: signer.jwks,
    mint: (act, { subject, session }) =>
      signer.mint({ act, subject, session, permission: STANDS_ON[act.op] }),
  }
}

async function readKey(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8')
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new Error('the signing key file is not JSON')
  }
}
