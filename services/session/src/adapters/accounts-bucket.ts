/**
 * ① ④ Makes the bucket in which the gateway keeps changed passwords. The gateway itself may not: who creates a stream decides
 * what it captures and republishes. The session service in turn is not let near the content.
 */
import { ACCOUNTS_BUCKET } from '@curfew/contracts'
import { createShared } from '@curfew/messaging'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'

/** A hash and its lineage fit several times. */
const VALUE_BYTES_MAX = 4_096

/** Does nothing where it exists. Reads go to the leader: an older copy of a password must not let anybody in. */
export async function createAccountsBucket(nc: NatsConnection): Promise<void> {
  const settings = { history: 1, allow_direct: false, maxValueSize: VALUE_BYTES_MAX }
  await createShared(() => new Kvm(nc).create(ACCOUNTS_BUCKET, settings))
}
