/**
 * ⑤ What the tests share: a replica on a log of its own, entries to publish, and what the replica was handed.
 * Promise: the settings of the real services (users, permissions, reconnects), and nothing left open.
 */
import { randomUUID } from 'node:crypto'

import {
  ORIGIN,
  sequenceOf,
  streamName,
  subjectOfEntry,
  type LogEntry,
  type LogEntryOf,
  type MemberId,
  type Position,
  type SessionId,
} from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import {
  openLog,
  type LogLogger,
  type OpenLogOptions,
  type PublishResult,
  type RevocationLog,
} from '../src/index.ts'
import { jetstream, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { expect } from 'vitest'

export interface Handed {
  readonly seq: number
  readonly entry: LogEntry
}

export interface Replica extends RevocationLog, AsyncDisposable {
  readonly nc: NatsConnection
  /** In the order in which `onEntry` got them. */
  readonly handed: Handed[]
  readonly doubts: string[]
  /** Everything logged, for assertions and for the reader of a failed test. */
  readonly logged: Record<string, unknown>[]
}

export interface ReplicaOptions extends Partial<Omit<OpenLogOptions, 'nc' | 'logger' | 'onDoubt'>> {
  readonly url: string
  /** Called before an entry counts as handed; may throw. */
  readonly beforeEntry?: (entry: LogEntry) => void
}

/** A log that did not open leaves no connection behind. */
export async function startReplica({ url, beforeEntry, ...options }: ReplicaOptions): Promise<Replica> {
  const nc = await connectMessaging({ url, name: 'test' })
  const handed: Handed[] = []
  const doubts: string[] = []
  const logged: Record<string, unknown>[] = []
  const note = (fields: Record<string, unknown>): void => void logged.push(fields)
  const logger: LogLogger = { info: note, warn: note, error: note }
  try {
    const log = await openLog({
      create: true,
      replica: randomUUID() as string as MemberId,
      startAfter: ORIGIN,
      onEntry: (entry, position) => {
        beforeEntry?.(entry)
        handed.push({ seq: sequenceOf(position), entry })
      },
      ...options,
      nc,
      logger,
      onDoubt: (reason) => void doubts.push(reason),
    })
    const stop = async (): Promise<void> => {
      await log.reader.close()
      await nc.close()
    }
    return { ...log, nc, handed, doubts, logged, [Symbol.asyncDispose]: stop }
  } catch (err) {
    await nc.close()
    throw err
  }
}

/** A fact about the user `name`; each has an id of its own. */
export function revokedUser(name: string, id: string = randomUUID()): LogEntry {
  const scope = { type: 'user', tenant: 'acme', user: name } as Extract<
    LogEntry,
    { type: 'revoked' }
  >['scope']
  return { v: 1, id, type: 'revoked', at: new Date().toISOString(), actor: 'system', scope }
}

/** The end of one session. */
export function revokedSession(name: string): LogEntryOf<'revoked'> {
  const scope = { type: 'session', session: name.padEnd(22, '_') as SessionId } as const
  return { v: 1, id: randomUUID(), type: 'revoked', at: new Date().toISOString(), actor: 'system', scope }
}

/** Writes it with another lifetime than a replica would. */
export async function storeExpiring(nc: NatsConnection, entry: LogEntry, ttl: string): Promise<number> {
  const js = jetstream(nc)
  return (await js.publish(subjectOfEntry(1, entry), JSON.stringify(entry), { msgID: entry.id, ttl })).seq
}

/** The log of epoch 1 holds no entry at this sequence any more. */
export async function expired(jsm: JetStreamManager, seq: number): Promise<void> {
  const held = () => jsm.streams.getMessage(streamName(1), { seq })
  await expect.poll(held, { timeout: 5_000 }).toBeNull()
}

/** Undefined where the server lets entries expire. */
export function whyNoneExpires({ info }: NatsConnection): string | undefined {
  const [major = 0, minor = 0] = (info?.version ?? '').split('.').map(Number)
  if (major > 2 || minor >= 11) return undefined
  return `nats-server ${info?.version} has no TTL per message, 2.11 and newer have`
}

export async function store(replica: Replica, entry: LogEntry): Promise<Position> {
  return positionOf(await replica.writer.publish(entry))
}

export function positionOf(result: PublishResult): Position {
  if (result.kind !== 'stored') throw new Error(`${result.kind} instead of stored`)
  return result.position
}

/** The entries that are facts about somebody, by id. */
export function facts(handed: readonly Handed[]): string[] {
  return handed.flatMap(({ entry }) => (entry.type === 'revoked' ? [entry.id] : []))
}

/** Whom a fact made by `revokedUser` is about. */
export function revokedUserOf(entry: LogEntry): string {
  return entry.type === 'revoked' && entry.scope.type === 'user' ? entry.scope.user : ''
}

/** What the replica holds to be the latest fact about each user. */
export function latestFacts(handed: readonly Handed[]): Map<string, string> {
  return new Map(
    handed
      .filter(({ entry }) => entry.type === 'revoked')
      .map(({ entry }) => [revokedUserOf(entry), entry.id]),
  )
}

export function isAscending(handed: readonly Handed[]): boolean {
  return handed.every(({ seq }, index) => index === 0 || seq > (handed[index - 1]?.seq ?? 0))
}
