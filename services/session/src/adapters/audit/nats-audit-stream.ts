import { isoTime } from '@curfew/contracts'
import { createShared, isConnected, untilAnswered } from '@curfew/messaging'
/**
 * ④ ⑤ The stream of the audit trail: append-only for everybody, this service included, and apart from the revocation log.
 * Promise: a record is stored exactly behind the one it was written after, or not at all.
 */
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import { hashOfRecord, NO_RECORD, parseRecord, type TrailHead } from '../../domain/audit/audit-record.ts'
import type { TrailRoom } from '../../domain/audit/audit-room.ts'
import type { AuditReader } from '../../domain/audit/audit-trail.ts'

const STREAM = 'CURFEW_AUDIT'
const SUBJECT = 'curfew.audit.trail'
const REQUEST_TIMEOUT_MS = 2_000
/** Attempts under the same id must end within this time. */
const DUPLICATE_WINDOW_MS = 10 * 60 * 1_000
const REPLICAS_IN_CLUSTER = 3
const WRONG_LAST_SEQUENCE: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
])

export interface AuditStreamOptions {
  readonly nc: NatsConnection
  readonly logger: Logger
  readonly retentionMs: number
  readonly maxBytes: number
}

export type AppendOutcome =
  | { readonly kind: 'stored'; readonly seq: number; readonly isDuplicate: boolean }
  /** Somebody else has written meanwhile. */
  | { readonly kind: 'conflict' }

/** Every method throws where the stream cannot be had. */
export class NatsAuditStream implements AuditReader {
  readonly #options: AuditStreamOptions
  #manager: Promise<JetStreamManager> | undefined

  constructor(options: AuditStreamOptions) {
    this.#options = options
  }

  async head(): Promise<TrailHead> {
    const manager = await this.#opened()
    const { state } = await manager.streams.info(STREAM)
    // Nor is there anything to ask for: somebody may be creating it at this moment (@curfew/revocation-log, latest-message.ts).
    if (state.last_seq === 0) return { seq: 0, hash: NO_RECORD, at: null }
    const last = await manager.streams.getMessage(STREAM, { last_by_subj: SUBJECT })
    // Everything has become too old: the chain begins anew, and says that what was before is long gone.
    if (last === null) return { seq: state.last_seq, hash: NO_RECORD, at: isoTime(0) }
    const at = parseRecord(last.data)?.events[0]?.at ?? isoTime(last.time.getTime())
    return { seq: last.seq, hash: hashOfRecord(last.data), at }
  }

  async append(record: string, after: TrailHead, id: string): Promise<AppendOutcome> {
    const manager = await this.#opened()
    try {
      const { seq, duplicate } = await manager.jetstream().publish(SUBJECT, record, {
        msgID: id,
        timeout: REQUEST_TIMEOUT_MS,
        expect: { streamName: STREAM, lastSequence: after.seq },
      })
      return { kind: 'stored', seq, isDuplicate: duplicate }
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code))
        return { kind: 'conflict' }
      throw error
    }
  }

  async bounds(): Promise<{ first: number; last: number }> {
    const { state } = await (await this.#opened()).streams.info(STREAM)
    return { first: Math.max(1, state.first_seq), last: state.last_seq }
  }

  async room(): Promise<TrailRoom> {
    const { config, state } = await (await this.#opened()).streams.info(STREAM)
    return { usedBytes: state.bytes, maxBytes: config.max_bytes > 0 ? config.max_bytes : Infinity }
  }

  async read(from: number, to: number): Promise<Map<number, Uint8Array>> {
    const manager = await this.#opened()
    const sequences = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    const messages = await Promise.all(
      sequences.map(async (seq) => manager.streams.getMessage(STREAM, { seq })),
    )
    return new Map(messages.flatMap((message) => (message === null ? [] : [[message.seq, message.data]])))
  }

  #opened(): Promise<JetStreamManager> {
    const { nc } = this.#options
    // The client would keep what is sent back until there is a server again, once for each attempt.
    if (!isConnected(nc)) return Promise.reject(new Error('NATS is not connected'))
    return (this.#manager ??= this.#open().catch((error: unknown) => {
      this.#manager = undefined
      throw error
    }))
  }

  async #open(): Promise<JetStreamManager> {
    const { nc, logger } = this.#options
    const manager = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS })
    const settings = settingsOf(this.#options)
    const { config } = await findOrCreate(manager, settings)
    const differing = Object.entries(settings).filter(
      // Servers leave out what is off.
      ([name, wanted]) => (config[name as keyof StreamConfig] ?? false) !== wanted,
    )
    // This service may create the stream and never change it: who could shorten it could make events disappear.
    for (const [setting, wanted] of differing)
      if (typeof wanted !== 'object')
        logger.warn({
          event: 'audit.setting.differs',
          setting,
          wanted,
          actual: config[setting as keyof StreamConfig],
        })
    return manager
  }
}

type Settings = Partial<StreamConfig> & Pick<StreamConfig, 'name'>

function settingsOf({ nc, retentionMs, maxBytes }: AuditStreamOptions): Settings {
  return {
    name: STREAM,
    subjects: [SUBJECT],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: nc.info?.cluster === undefined ? 1 : REPLICAS_IN_CLUSTER,
    max_age: nanos(retentionMs),
    // Full, it takes nothing more: what is there goes by its age alone, and the room of the revocation log is not touched.
    max_bytes: maxBytes,
    discard: DiscardPolicy.New,
    duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, retentionMs)),
    allow_direct: false,
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
  }
}

async function findOrCreate(manager: JetStreamManager, settings: Settings): Promise<StreamInfo> {
  try {
    return await untilAnswered(() => manager.streams.info(STREAM))
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error
    return createShared(() => manager.streams.add(settings))
  }
}
