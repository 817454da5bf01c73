/**
 * ⑥ The keys that this service signs claims with, and what is told of them.
 * Promise: no usable key, no service; ids and times are logged, never a key.
 */
import { openKeyDirectory, type KeyDirectory, type KeyEvent } from '@curfew/one-time-claims'
import type { Logger } from '@curfew/service-kit'

import type { DocumentsConfig } from '../config.ts'

export function openClaimKeys(
  { claimKeys, claimLifetimeSeconds: lifetimeSeconds }: DocumentsConfig,
  logger: Logger,
): Promise<KeyDirectory> {
  return openKeyDirectory({ ...claimKeys, lifetimeSeconds, report: (event) => report(logger, event) })
}

function report(logger: Logger, event: KeyEvent): void {
  if (event.kind === 'failed') logger.error({ event: 'claim-key.failed', err: event.err })
  else logger.info({ event: `claim-key.${event.kind}`, keyId: event.keyId, signsFrom: event.signsFrom })
}
