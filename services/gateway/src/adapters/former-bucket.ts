/**
 * ① Brings changed passwords from the account of the log, where they were kept before the gateway had an account of its own.
 * Promise: a password that was changed since stays; nothing is deleted before everything has been stored where it belongs; run
 * again, it goes on.
 */
import { ACCOUNTS_BUCKET } from '@curfew/contracts'
import { JetStreamApiCodes, JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Kvm, type KV, type KvEntry } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'

import { createAccountsBucket } from './accounts-bucket.ts'

const STREAM = `KV_${ACCOUNTS_BUCKET}`
const TIMEOUT_MS = 5_000

export interface Connections {
  /** The administrator of the account that holds the log. */
  readonly admin: NatsConnection
  readonly gateway: NatsConnection
}

export interface Moved {
  readonly moved: number
  /** Passwords that have been changed again since. */
  readonly kept: number
}

/** Undefined when there is nothing to move. @throws when the former bucket is in an account that both users share */
export async function moveFormerBucket({ admin, gateway }: Connections): Promise<Moved | undefined> {
  const { streams } = await jetstreamManager(admin, { checkAPI: false, timeout: TIMEOUT_MS })
  try {
    // With a limit it is the gateway's own, in an account that both users share.
    if ((await streams.info(STREAM)).config.max_bytes > 0) return undefined
  } catch (error) {
    if (codeOf(error) === JetStreamApiCodes.StreamNotFound) return undefined
    throw error
  }
  await createAccountsBucket(gateway)
  const [from, to] = await Promise.all(
    [admin, gateway].map((nc) => new Kvm(jetstream(nc, { timeout: TIMEOUT_MS })).open(ACCOUNTS_BUCKET)),
  )
  if (from === undefined || to === undefined) throw new TypeError('two buckets were opened')
  let [moved, kept] = [0, 0]
  for await (const entry of await from.history()) {
    // The other operations mark a change that was taken back.
    if (entry.operation !== 'PUT') continue
    if (await store(to, entry)) moved += 1
    else kept += 1
  }
  await streams.delete(STREAM)
  return { moved, kept }
}

/** False when there is a newer one. */
async function store(to: KV, { key, value, created, revision }: KvEntry): Promise<boolean> {
  try {
    await to.put(key, value, { previousSeq: 0 })
    return true
  } catch (error) {
    if (codeOf(error) !== JetStreamApiCodes.StreamWrongLastSequence) throw error
  }
  const newer = await to.get(key)
  if (newer?.revision === revision && newer.created.getTime() === created.getTime())
    throw new Error('both NATS users are of the same account: there is nothing to move')
  return false
}

function codeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined
}
