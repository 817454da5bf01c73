/**
 * ⑥ Mints claims with this service's own key, read once from its file.
 * Promise: no usable key, no service; what the file holds is never quoted.
 */
import { readFile } from 'node:fs/promises'

import { createClaimSigner, type ClaimSignerOptions } from '@curfew/one-time-claims'

import type { ClaimMint } from '../ports.ts'

export async function createClaimMint(
  keyFile: string,
  options: Omit<ClaimSignerOptions, 'privateJwk'>,
): Promise<ClaimMint> {
  const signer = await createClaimSigner({ ...options, privateJwk: await readKey(keyFile) })
  return {
    jwks: signer.jwks,
    mint: (act, { subject, session }) => signer.mint({ act, subject, session }),
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
