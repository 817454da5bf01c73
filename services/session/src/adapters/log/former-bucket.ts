/**
 * ④ Looks whether the account of the log still holds the bucket of changed passwords, which the gateway keeps in an account of
 * its own.
 * Promise: nothing is answered while changed passwords lie where no gateway looks for them: the old passwords would be good again.
 */
import { ACCOUNTS_BUCKET } from '@curfew/contracts'
import { untilAnswered } from '@curfew/messaging'
import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'

const TIMEOUT_MS = 2_000

/** @throws Error that says what to do */
export async function refuseFormerBucket(nc: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: TIMEOUT_MS })
  try {
    const { config } = await untilAnswered(() => manager.streams.info(`KV_${ACCOUNTS_BUCKET}`))
    // Limited: made by a gateway that shares this account, as it may on a development machine.
    if (config.max_bytes > 0) return
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return
    throw error
  }
  throw new Error(
    `Changed passwords are still in the NATS account of the log (KV_${ACCOUNTS_BUCKET}), where the gateway cannot read them. ` +
      'Move them with `pnpm curfew:move-passwords` (docs/operations.md), and start again.',
  )
}
