/**
 * ① The bucket of changed passwords, which the gateway makes in the account of NATS that it has for itself.
 * Promise: creates it where it is missing, and never changes one that is there.
 */
import { ACCOUNTS_BUCKET } from '@curfew/contracts'
import { createShared } from '@curfew/messaging'
import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'

const TIMEOUT_MS = 2_000
/** A hash and its lineage fit several times. */
const VALUE_BYTES_MAX = 4_096
/** More than 60,000 changed passwords. Full, it takes no more, and no other stream loses room. */
const BYTES_MAX = 60 * 1024 * 1024
const REPLICAS_IN_CLUSTER = 3
/** JetStream's code for a stream of that name with other settings. */
const NAME_IN_USE = 10_058

/** Reads go to the leader (`allow_direct`): an older copy of a password must not let anybody in. */
export async function createAccountsBucket(nc: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: TIMEOUT_MS })
  const settings = {
    name: `KV_${ACCOUNTS_BUCKET}`,
    subjects: [`$KV.${ACCOUNTS_BUCKET}.>`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: nc.info?.cluster === undefined ? 1 : REPLICAS_IN_CLUSTER,
    max_msgs_per_subject: 1,
    max_msg_size: VALUE_BYTES_MAX,
    max_bytes: BYTES_MAX,
    discard: DiscardPolicy.New,
    allow_direct: false,
    deny_delete: true,
    // JetStream answers to whatever reply a caller names, its own calls included. Its acknowledgement read as a call to purge
    // would bring the passwords of the accounts file back.
    deny_purge: true,
    allow_rollup_hdrs: false,
  }
  try {
    await createShared(() => manager.streams.add(settings))
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === NAME_IN_USE)) throw error
  }
}
