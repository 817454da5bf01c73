/**
 * ⑤ How much of its room a log has taken, as far as NATS says.
 * Promise: room that is set aside for other streams of the account does not count as the log's.
 */
import { streamName } from '@curfew/contracts'
import type { JetStreamAccountStats, JetStreamManager, StreamInfo } from '@nats-io/jetstream'

import type { RoomReading } from './log-room.ts'

/** Rejects when no server answers. */
export async function measureRoom(jsm: JetStreamManager, epoch: number): Promise<RoomReading> {
  const [info, account]: [StreamInfo, Account | undefined] = await Promise.all([
    jsm.streams.info(streamName(epoch)),
    jsm.getAccountInfo().catch((error: unknown) => {
      if (isForbidden(error)) return undefined
      throw error
    }),
  ])
  if (account === undefined || account.reserved_storage !== undefined) return roomOf(info, account)
  return roomOf(info, { ...account, reserved_storage: await reservedIn(jsm) })
}

/** Servers before 2.10 do not add it up themselves. */
async function reservedIn(jsm: JetStreamManager): Promise<number> {
  let reserved = 0
  for await (const name of jsm.streams.names()) {
    const { config } = await jsm.streams.info(name)
    reserved += Math.max(0, config.max_bytes) * config.num_replicas
  }
  return reserved
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

/** An account without tiers counts every copy of an entry. */
function shareOfAccount({ config, state }: Stream, account: Account | undefined): number | undefined {
  if (account === undefined || account.tiers !== undefined || account.limits.max_storage <= 0)
    return undefined
  const copies = config.num_replicas
  const usedByOthers = account.storage - state.bytes * copies
  const reservedByOthers = (account.reserved_storage ?? 0) - Math.max(0, config.max_bytes) * copies
  const left = account.limits.max_storage - Math.max(0, usedByOthers, reservedByOthers)
  // Nothing at all would read as no limit.
  return Math.max(1, Math.floor(left / copies))
}

function isForbidden(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && cause.name === 'PermissionViolationError'
}
