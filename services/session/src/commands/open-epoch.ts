/**
 * ④ ⑤ Opens a new epoch, after a log that is not what it was (ARCHITECTURE.md, "A new epoch").
 * Promise: whenever it dies, nothing half made is ever served, and running it again ends well; of two at once, one opens.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { LEASE_MS_MAX, type LogEntry, type Position } from '@curfew/contracts'
import { waitForMs } from '@curfew/protocol'
import { EpochOpening, storedBytes, surveyLogs } from '@curfew/revocation-log'
import type { Redis } from '@curfew/service-kit/redis'
import type { NatsConnection } from '@nats-io/transport-node'

import { readLastingFacts } from '../adapters/redis/redis-lasting-facts.ts'
import { RedisProjection } from '../adapters/redis/redis-projection.ts'
import { CarryOver, type Carried } from '../domain/epoch/carry-over.ts'
import { epochSeen, whyNewEpoch } from '../domain/epoch/epoch-need.ts'
import { factOf } from '../domain/log/facts.ts'

const REDIS_ATTEMPTS = 10
const REDIS_RETRY_MS = 500
/** The rest is for those who then join and log in. */
const ROOM_USED_MAX = 0.8

export interface EpochServers {
  readonly nc: NatsConnection
  readonly redis: Redis
  /** As this deployment is set up now. */
  readonly leaseMs: number
}

export interface EpochPlan {
  /** The lowest number that it may get. */
  readonly epoch: number
  /** What can be seen to be wrong with the log in force; empty when nothing can. */
  readonly reasons: readonly string[]
  readonly carried: Carried
  readonly waitMs: number
  /** Entries of the log before that nobody can read. */
  readonly unreadable: number
  readonly room: EpochRoom
}

export interface EpochRoom {
  /** Upper bound on the bytes of the entries that are carried over. */
  readonly neededBytes: number
  /** Bytes that NATS has left for another log; undefined where no limit can be seen. */
  readonly freeBytes: number | undefined
}

export type EpochStep = 'reserved' | 'closed' | 'read' | 'waited' | 'carried' | 'opened' | 'recorded'

export interface OpenedEpoch {
  readonly outcome: 'opened' | 'superseded'
  readonly epoch: number
  readonly logId: string
  readonly closed: readonly number[]
  readonly carried: Carried
  readonly waitedMs: number
  readonly unreadable: number
}

/** Changes nothing. */
export async function planEpoch({ nc, redis, leaseMs }: EpochServers): Promise<EpochPlan> {
  const survey = await surveyLogs(nc)
  const stood = await standing(redis)
  const carry = new CarryOver()
  const unreadable = await survey.readFacts(taking(carry))
  await insisting(() => readLastingFacts(redis, (fact) => carry.take(fact)))
  const highest = survey.epochs.at(-1)?.epoch ?? 0
  const epoch = Math.max(highest, epochSeen(stood)) + 1
  const entries = carry.entries(Date.now(), leaseOf(carry, leaseMs))
  return {
    epoch,
    reasons: whyNewEpoch({ ...survey, ...stood, unreadable }),
    carried: carry.counts,
    waitMs: waitForMs(longestLeaseMs(carry, leaseMs)),
    unreadable,
    room: { neededBytes: storedBytes(epoch, entries), freeBytes: survey.freeBytes },
  }
}

/** Found out before anything is closed: a log that has been closed for one that has no room leaves none in force. */
export function hasRoom({ neededBytes, freeBytes }: EpochRoom): boolean {
  return freeBytes === undefined || neededBytes <= freeBytes * ROOM_USED_MAX
}

/** @param onStep told after each; a test ends it there. */
export async function openEpoch(
  { nc, redis, leaseMs }: EpochServers,
  onStep: (step: EpochStep) => Promise<void> | void = () => undefined,
): Promise<OpenedEpoch> {
  const opening = await EpochOpening.reserve(nc, epochSeen(await standing(redis)))
  await onStep('reserved')
  const closed = await opening.closeEarlier()
  // Whoever holds a lease asked for it before this moment.
  const closedAtMs = performance.now()
  await onStep('closed')
  const carry = new CarryOver()
  const unreadable = await opening.readEarlier(taking(carry))
  const { wide } = await insisting(() => new RedisProjection(redis).load())
  for (const fact of wide) carry.take({ reach: 'wide', fact })
  await onStep('read')
  await elapsed(closedAtMs, waitForMs(longestLeaseMs(carry, leaseMs)))
  const waitedMs = performance.now() - closedAtMs
  await onStep('waited')
  // Only now: replicas may have gone on writing what they had read of a log that lost its end.
  await insisting(() => readLastingFacts(redis, (fact) => carry.take(fact)))
  await opening.write(carry.entries(Date.now(), leaseOf(carry, leaseMs)))
  await onStep('carried')
  const outcome = await opening.open()
  await onStep('opened')
  const { epoch, logId } = opening
  // Replicas do so as well: it only makes the epoch known where nobody follows it yet.
  if (outcome === 'opened') await insisting(() => new RedisProjection(redis).enter({ epoch, logId }))
  await onStep('recorded')
  return { outcome, epoch, logId, closed, carried: carry.counts, waitedMs, unreadable }
}

async function standing(redis: Redis) {
  const stored = new RedisProjection(redis)
  const { projected } = await insisting(() => stored.load())
  return { projected, belongsTo: await insisting(() => stored.belongsTo()) }
}

/** All of it may be done twice. A Redis in trouble is to be expected here, and giving up costs an epoch. */
async function insisting<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act()
    } catch (err) {
      if (attempt === REDIS_ATTEMPTS) throw err
      await sleep(REDIS_RETRY_MS)
    }
  }
}

function taking(carry: CarryOver): (entry: LogEntry, position: Position) => void {
  return (entry, position) => {
    const fact = factOf(entry, position)
    if (fact !== undefined) carry.take(fact)
  }
}

function leaseOf(carry: CarryOver, leaseMs: number) {
  return { leaseMs: carry.leaseMs ?? leaseMs, previousLeaseMs: longestLeaseMs(carry, leaseMs) }
}

/** Where nobody knows how long leases were, they were as long as any may be. */
function longestLeaseMs(carry: CarryOver, leaseMs: number): number {
  return Math.max(leaseMs, carry.longestLeaseMs ?? LEASE_MS_MAX)
}

/** By the monotonic clock, which timers may run ahead of. */
async function elapsed(sinceMs: number, ms: number): Promise<void> {
  for (;;) {
    const leftMs = sinceMs + ms - performance.now()
    if (leftMs <= 0) return
    await sleep(leftMs + 1)
  }
}
