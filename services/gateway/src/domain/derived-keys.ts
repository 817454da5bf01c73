/**
 * ① The keys of the gateway, one for each purpose, all from one secret (RFC 5869).
 * Promise: what is signed for one purpose verifies for no other, and no key tells the secret or another key.
 */
import { hkdfSync } from 'node:crypto'

export interface DerivedKeys {
  readonly csrf: Buffer
  readonly device: Buffer
  /** Turns addresses and names into the keys of shared counters. */
  readonly pseudonym: Buffer
}

export function deriveKeys(secret: Buffer): DerivedKeys {
  const keyFor = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `curfew/gateway/${purpose}`, 32))
  return { csrf: keyFor('csrf'), device: keyFor('device'), pseudonym: keyFor('pseudonym') }
}
