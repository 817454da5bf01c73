/**
 * ⑤ The log as JetStream and the feed carry it: one attempt to publish, one reading, one subscription.
 * Promise: every answer is told apart into proven, refused and unanswered; nothing here retries or decides.
 */
import {
  feedSubject,
  grantsSubject,
  logSubject,
  parseLogEntry,
  streamName,
  subjectOfEntry,
  type LogEntry,
  type Subject,
} from '@curfew/contracts'
import { FeedOrder, orAborted } from '@curfew/protocol'
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  JetStreamApiCodes,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream'
import { nanos, type Msg, type NatsConnection, type Subscription } from '@nats-io/nats-core'

import { lifetimeMsOf } from './fact-lifetime.ts'
import { latestMessage } from './latest-message.ts'

/** A reading that brings nothing for so long is given up and begun anew. */
const READ_STALL_MS = 3_000
/** The server forgets the consumer of an abandoned reading after this time. */
const CONSUMER_ABANDONED_MS = 10_000
const READ_AHEAD = { max_messages: 256, expires: 5_000, idle_heartbeat: 500 }
/** Another attempt under this id is under way, or its fate is not known yet. */
const DUPLICATE_IN_PROCESS = 10_158
/** The limit of the account, and of the server. */
const NO_RESOURCES: ReadonlySet<number> = new Set([10_002, 10_023])
/** The limit of the stream, and other failures to store. */
const STREAM_STORE_FAILED = 10_077
const WRONG_LAST_SEQUENCE: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
])

export type Attempt =
  | { readonly kind: 'acknowledged'; readonly seq: number; readonly duplicate: boolean }
  /** Not stored by this attempt: the latest entry of the subject, or of the log, is not the one expected, and not this one. */
  | { readonly kind: 'conflict' }
  /** Not stored by this attempt: there is no room. */
  | { readonly kind: 'full'; readonly err: unknown }
  /** There is no room where it was to be stored; another copy of the stream may have had some. */
  | { readonly kind: 'perhaps-full'; readonly err: unknown }
  /** Not stored by this attempt, for a reason of the server's. */
  | { readonly kind: 'refused'; readonly err: unknown }
  /** No answer: it may be stored or not. */
  | { readonly kind: 'unanswered'; readonly err: unknown }

export interface AttemptOptions {
  /** Sequence of the subject's latest entry, 0 for none. */
  readonly expectLast?: number | undefined
  /** Sequence of the latest entry of all. */
  readonly expectEnd?: number | undefined
  readonly timeoutMs: number
  /** Aborted when no answer can come any more. */
  readonly lost: AbortSignal
}

export interface FeedHandlers {
  readonly onEntry: (seq: number, json: string) => void
  readonly onUnreadable: () => void
  /** The subscription has ended by itself. */
  readonly onEnd: (reason: string) => void
}

export interface StoredEntry {
  readonly seq: number
  readonly json: string
}

interface LogOfEpoch {
  readonly epoch: number
  /** As its stream is set up; needed only where entries are published that may expire. */
  readonly factsExpire?: boolean
}

export class NatsLog {
  readonly epoch: number
  /** Its stream lets an entry expire that asks for it. */
  readonly factsExpire: boolean
  readonly #nc: NatsConnection
  readonly #jsm: JetStreamManager
  readonly #js: JetStreamClient
  readonly #stream: string

  constructor(nc: NatsConnection, jsm: JetStreamManager, { epoch, factsExpire = false }: LogOfEpoch) {
    this.epoch = epoch
    this.factsExpire = factsExpire
    this.#nc = nc
    this.#jsm = jsm
    this.#js = jsm.jetstream()
    this.#stream = streamName(epoch)
  }

  async attempt(entry: LogEntry, options: AttemptOptions): Promise<Attempt> {
    const { expectLast, expectEnd, timeoutMs, lost } = options
    const expect = {
      streamName: this.#stream,
      ...(expectLast === undefined ? {} : { lastSubjectSequence: expectLast }),
      ...(expectEnd === undefined ? {} : { lastSequence: expectEnd }),
    }
    const lifetimeMs = this.factsExpire ? lifetimeMsOf(entry) : undefined
    const publication = {
      msgID: entry.id,
      timeout: timeoutMs,
      expect,
      ...(lifetimeMs !== undefined && { ttl: `${lifetimeMs / 1_000}s` }),
    }
    try {
      const publishing = this.#js.publish(
        subjectOfEntry(this.epoch, entry),
        JSON.stringify(entry),
        publication,
      )
      const { seq, duplicate } = await orAborted(publishing, lost)
      return { kind: 'acknowledged', seq, duplicate }
    } catch (err) {
      if (!(err instanceof JetStreamApiError) || err.code === DUPLICATE_IN_PROCESS)
        return { kind: 'unanswered', err }
      if (WRONG_LAST_SEQUENCE.has(err.code)) return this.#ownOrConflict(entry, lost)
      return { kind: this.#kindOf(err), err }
    }
  }

  /** nats-server 2.9 looks for the id first; 2.15 refuses what was expected although the entry in its place is this very one. */
  async #ownOrConflict(entry: LogEntry, lost: AbortSignal): Promise<Attempt> {
    try {
      const last_by_subj = subjectOfEntry(this.epoch, entry)
      const latest = await orAborted(this.#jsm.streams.getMessage(this.#stream, { last_by_subj }), lost)
      const isOwn = latest !== null && parseLogEntry(latest.string())?.id === entry.id
      return isOwn ? { kind: 'acknowledged', seq: latest.seq, duplicate: true } : { kind: 'conflict' }
    } catch (err) {
      return { kind: 'unanswered', err }
    }
  }

  #kindOf({ code, message }: JetStreamApiError): 'full' | 'perhaps-full' | 'refused' {
    if (code === STREAM_STORE_FAILED)
      return /\bmaximum (?:bytes|messages)\b/.test(message) ? 'full' : 'refused'
    if (!NO_RESOURCES.has(code)) return 'refused'
    // In a cluster of 2.9 the leader finds that out when the others have the entry.
    return this.#nc.info?.cluster === undefined ? 'full' : 'perhaps-full'
  }

  /** Of a log that has been read: sequence of the entity's latest entry, 0 when there is none; a deposed leader may name an earlier one. */
  async lastSequenceOf(entry: LogEntry): Promise<number> {
    const last_by_subj = subjectOfEntry(this.epoch, entry)
    return (await this.#jsm.streams.getMessage(this.#stream, { last_by_subj }))?.seq ?? 0
  }

  /** The latest entry about the grants of one user, under the same proviso. */
  async lastGrantsOf(subject: Subject): Promise<StoredEntry | undefined> {
    const last_by_subj = grantsSubject(this.epoch, subject)
    const found = await this.#jsm.streams.getMessage(this.#stream, { last_by_subj })
    return found === null ? undefined : { seq: found.seq, json: found.string() }
  }

  /** Sequence of its latest entry, as the server sees it that answers. */
  async end(): Promise<number> {
    return (await this.#jsm.streams.info(this.#stream)).state.last_seq
  }

  /** The id that the genesis entry gave this log; undefined when it has none. Rejects when the log is gone or silent. */
  async logId(): Promise<string | undefined> {
    const genesis = await latestMessage(this.#jsm, this.#stream, logSubject(this.epoch, 'genesis'))
    const entry = genesis === null ? undefined : parseLogEntry(genesis.string())
    return entry?.type === 'genesis' ? entry.logId : undefined
  }

  /**
   * What the stream holds from a sequence on, then what is added to it, until the caller stops. Superseded entries are
   * missing, no other is. Throws when nothing comes for a while, and ends at once when `signal` is aborted.
   */
  async *read(from: number, signal: AbortSignal): AsyncGenerator<StoredEntry> {
    const consumer = await orAborted(
      this.#jsm.consumers.add(this.#stream, {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: from,
        inactive_threshold: nanos(CONSUMER_ABANDONED_MS),
        mem_storage: true,
        num_replicas: 1,
      }),
      signal,
    )
    const messages = await this.#js.consumers.getConsumerFromInfo(consumer).consume(READ_AHEAD)
    const abort = (): void => messages.stop()
    const stall = setTimeout(
      () => messages.stop(new Error('the stream stopped bringing entries')),
      READ_STALL_MS,
    )
    signal.addEventListener('abort', abort, { once: true })
    try {
      let delivered = 0
      for await (const message of messages) {
        stall.refresh()
        delivered += 1
        if (message.info.deliverySequence !== delivered) throw new Error('the stream left an entry out')
        yield { seq: message.seq, json: message.string() }
        if (signal.aborted) return
      }
    } finally {
      clearTimeout(stall)
      signal.removeEventListener('abort', abort)
      messages.stop()
      // Only a courtesy: the server forgets it by itself.
      this.#jsm.consumers.delete(this.#stream, consumer.name).catch(() => undefined)
    }
  }

  /** Nothing may throw out of the callback: nats.js would stop reading the whole connection. */
  follow({ onEntry, onUnreadable, onEnd }: FeedHandlers): Subscription {
    const order = new FeedOrder(onEntry)
    const callback = (err: Error | null, message: Msg): void => {
      if (err !== null) return onEnd(err.message)
      const seq = Number(message.headers?.get('Nats-Sequence'))
      const isOurs = message.headers?.get('Nats-Stream') === this.#stream
      if (isOurs && Number.isSafeInteger(seq) && seq > 0) order.take(seq, message.string())
      else onUnreadable()
    }
    const subscription = this.#nc.subscribe(feedSubject(this.epoch), { callback })
    void subscription.closed.finally(() => order.close()).then(() => onEnd('the subscription was closed'))
    return subscription
  }
}

/** The stream was deleted: an answer of the server, not a silence. */
export function isStreamGone(err: unknown): boolean {
  return err instanceof JetStreamApiError && err.code === JetStreamApiCodes.StreamNotFound
}
