/**
 * ⑤ How much of its room a log has taken, as far as NATS says.
 * Promise: room that is set aside for other streams of the account does not count as the log's.
 */
import { streamName } from '@curfew/contracts'
import type { JetStreamAccountStats, JetStreamManager, StreamInfo } from '@nats-io/jetstream'

import type { RoomReading } from './log-room.ts'

/** Rejects when no server answers. */
export async function measureRoom(jsm: JetStreamManager, epoch: number): Promise<RoomReading> {
  const [info, account] = await Promise.all([jsm.streams.info(streamName(epoch)), accountOf(jsm)])
  return roomOf(info, account)
}

/** Bytes that a log could take which is created now; undefined where no limit can be seen. Rejects when no server answers. */
export async function measureNewRoom(jsm: JetStreamManager, copies: number): Promise<number | undefined> {
  const account = await accountOf(jsm)
  const limit = limitOf(account)
  if (limit === undefined) return undefined
  // The account's figures do not show apart how much streams without a limit, such as the log before, have taken.
  const taken = await sumOfStreams(jsm, ({ config, state }) => Math.max(config.max_bytes, state.bytes))
  return Math.max(0, Math.floor((limit - taken) / copies))
}

/** Undefined where this user may not ask. Servers before 2.10 do not add up what is reserved. */
async function accountOf(jsm: JetStreamManager): Promise<Account | undefined> {
  const account = await jsm.getAccountInfo().catch((error: unknown) => {
    if (isForbidden(error)) return undefined
    throw error
  })
  if (account === undefined || account.reserved_storage !== undefined) return account
  return {
    ...account,
    reserved_storage: await sumOfStreams(jsm, ({ config }) => Math.max(0, config.max_bytes)),
  }
}

/** Of all copies of all streams. */
async function sumOfStreams(jsm: JetStreamManager, bytesOf: (stream: StreamInfo) => number): Promise<number> {
  let sum = 0
  for await (const name of jsm.streams.names()) {
    const info = await jsm.streams.info(name)
    sum += bytesOf(info) * info.config.num_replicas
  }
  return sum
}

type Stream = Pick<StreamInfo, 'config' | 'state'>
type Account = Pick<JetStreamAccountStats, 'storage' | 'limits' | 'tiers'> & {
  readonly reserved_storage?: number
}

/** The tighter of the stream's own limit and what the account leaves it. */
export function roomOf({ config, state }: Stream, account: Account | undefined): RoomReading {
  const { bytes } = state
  const ofStream = config.max_bytes > 0 ? config.max_bytes : undefined
  const ofAccount = shareOfAccount({ config, state }, account)
  if (ofAccount === undefined || (ofStream !== undefined && ofStream <= ofAccount))
    return { bytes, maxBytes: ofStream }
  return { bytes, maxBytes: ofAccount, isOfAccount: true }
}

/** Of an account without tiers, which counts every copy of an entry. */
function limitOf(account: Account | undefined): number | undefined {
  if (account === undefined || account.tiers !== undefined || account.limits.max_storage <= 0)
    return undefined
  return account.limits.max_storage
}

function shareOfAccount({ config, state }: Stream, account: Account | undefined): number | undefined {
  const limit = limitOf(account)
  if (account === undefined || limit === undefined) return undefined
  const copies = config.num_replicas
  const usedByOthers = account.storage - state.bytes * copies
  const reservedByOthers = (account.reserved_storage ?? 0) - Math.max(0, config.max_bytes) * copies
  const left = limit - Math.max(0, usedByOthers, reservedByOthers)
  // Nothing at all would read as no limit.
  return Math.max(1, Math.floor(left / copies))
}

function isForbidden(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && cause.name === 'PermissionViolationError'
}
