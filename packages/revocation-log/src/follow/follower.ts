/**
 * ⑤ Decides what to do with each message of the feed and of a catch-up; the core of following, without I/O or clock.
 * Promise: entries are handed out strictly in order, none is skipped, and `applied` never claims a fact that is not in effect.
 */
import {
  formatPosition,
  parseLogEntry,
  subjectOfEntry,
  type LogEntry,
  type Position,
} from '@curfew/contracts'
import { Backoff, mayExpireAfterMs } from '@curfew/protocol'

import { lifetimeMsOf } from '../stream/fact-lifetime.ts'
import type { StoredEntry } from '../stream/nats-log.ts'
import { describeDoubt, endOf, type Doubt } from './doubt.ts'
import { FeedBuffer } from './feed-buffer.ts'
import type { Acknowledgement, FollowerOptions, Phase, Step } from './following.ts'
import { Rereading } from './rereading.ts'
import { REMEMBERED, Witness } from './witness.ts'

/** An acknowledged entry that the feed has not brought after this time was lost on the way. */
const RETRY = { firstMs: 100, mostMs: 5_000, startsAtOnce: true }
const FEED_OVERDUE_MS = 300
/** In a silent log only an entry of one's own shows that the feed still works. */
const PROBE_AFTER_SILENCE_MS = 2_000
/**
 * A catch-up reads this much again and compares it with what was seen: a deposed leader of a cluster can put entries into
 * the feed that the log then has elsewhere or not at all (seen with nats-server 2.9.10, its leader stopped and continued).
 */
const OVERLAP = REMEMBERED

export class Follower {
  readonly #options: FollowerOptions
  readonly #witness: Witness
  readonly #buffer: FeedBuffer
  readonly #backoff = new Backoff(RETRY)
  #phase: Phase = { kind: 'due', atMs: 0 }
  #connected = true
  #run = 0
  #cursorAtFailure = 0
  #doubted: string | undefined
  /** The last sequence handed to `onEntry`, where reading goes on. */
  #cursor: number
  /** What `applied` says; stays behind the cursor while a hold is on. */
  #settled: number
  /**
   * On from the start of a catch-up. It does not meet facts that newer ones have superseded; those newer ones were stored
   * before the reading ended, so they lie before a barrier published after it. Until the feed has brought that barrier,
   * some of them may not be in effect (and the feed has not shown that it works).
   */
  #hold: { readonly until: number | undefined } | undefined
  /** Of the same catch-up, until the hold is lifted. */
  #rereading: Rereading | undefined
  #highestAcknowledged = 0
  #overdueSinceMs: number | undefined
  #heardAtMs = 0

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#witness = options.witness ?? new Witness(0)
    this.#witness.raise(options.startAfter)
    this.#buffer = new FeedBuffer(options.bufferLimits)
    this.#cursor = options.startAfter
    this.#settled = options.startAfter
  }

  get applied(): Position {
    return formatPosition(this.#options.epoch, this.#settled)
  }

  get healthy(): boolean {
    return this.#phase.kind === 'following' && this.#hold === undefined && this.#connected
  }

  get frozen(): boolean {
    return this.#phase.kind === 'frozen'
  }

  /** Changes whenever what the adapter is doing has lost its point. */
  get run(): number {
    return this.#run
  }

  /** Failed attempts in a row, none of which brought the reader further. */
  get failures(): number {
    return this.#backoff.failures
  }

  /** The greatest sequence seen: to be taken before an attempt to publish is sent. */
  get seen(): number {
    return this.#witness.highest
  }

  next(nowMs: number): Step {
    const phase = this.#phase
    if (!this.#connected) return { kind: 'wait' }
    if (phase.kind === 'due' && nowMs >= phase.atMs) {
      this.#phase = { kind: 'reading' }
      this.#hold = { until: undefined }
      // What is buffered now lies before the barrier that this run will publish, so the stream has it.
      this.#buffer.clear()
      const from = Math.max(1, this.#cursor + 1 - OVERLAP)
      this.#rereading = new Rereading(this.#witness.from(from, nowMs))
      return { kind: 'catch-up', run: this.#run, from }
    }
    if (phase.kind !== 'following') return { kind: 'wait' }
    if (this.#overdueSinceMs !== undefined && nowMs - this.#overdueSinceMs >= FEED_OVERDUE_MS) {
      this.#retry(nowMs)
      return this.next(nowMs)
    }
    if (nowMs - this.#heardAtMs < PROBE_AFTER_SILENCE_MS) return { kind: 'wait' }
    this.#heardAtMs = nowMs
    return { kind: 'probe', run: this.#run }
  }

  /** The feed brought an entry. */
  feed(seq: number, json: string, nowMs: number): void {
    if (this.frozen) return
    this.#witness.raise(seq)
    if (seq <= this.#cursor) {
      if (!this.#agrees(seq, json)) this.distrustFeed(nowMs)
    } else if (this.#phase.kind !== 'following') this.#buffer.put(seq, json)
    else if (seq > this.#cursor + 1) this.#catchUp(nowMs)
    else this.#apply({ seq, json }, 'feed', nowMs)
  }

  /** The feed brought what is no entry of this log: whether it has brought what is, the stream must tell. */
  distrustFeed(nowMs: number): void {
    if (this.#phase.kind === 'following' || this.#phase.kind === 'reading') this.#catchUp(nowMs)
  }

  /** The run's barrier is at this sequence: reading is complete once it has got there. */
  readUpTo(run: number, barrier: number): void {
    if (run === this.#run && this.#phase.kind === 'reading') this.#phase = { kind: 'reading', barrier }
  }

  /** The catch-up read an entry; what is superseded is missing between two of them. */
  read(run: number, stored: StoredEntry, nowMs: number): 'more' | 'enough' | 'stop' {
    const { seq, json } = stored
    const phase = this.#phase
    if (run !== this.#run || phase.kind !== 'reading' || phase.barrier === undefined) return 'stop'
    if (seq <= this.#cursor) return this.#readAgain(seq, json)
    if (!this.#apply(stored, 'stream', nowMs)) return 'stop'
    if (seq < phase.barrier) return 'more'
    this.#phase = { kind: 'following' }
    this.#settle()
    this.#drain(nowMs)
    return 'enough'
  }

  /** The run's second barrier, published after the reading ended, is at this sequence. */
  settleAt(run: number, barrier: number): void {
    if (run !== this.#run || this.#hold === undefined) return
    this.#hold = { until: barrier }
    this.#settle()
  }

  /** The run could not be finished. */
  failed(run: number, nowMs: number): void {
    if (run !== this.#run || this.frozen) return
    if (this.#cursor > this.#cursorAtFailure) this.#backoff.reset()
    this.#cursorAtFailure = this.#cursor
    this.#retry(nowMs)
  }

  /** An attempt to publish was acknowledged; false when this proves that the log is not what it was. */
  acknowledged(acknowledgement: Acknowledgement, nowMs: number): boolean {
    const { seq, id, floor, duplicate } = acknowledgement
    if (!duplicate && seq <= floor) {
      this.freeze({ kind: 'rolled back', detail: `${id} was stored at ${seq} after ${floor} had been seen` })
      return false
    }
    if (!this.#witness.holds(seq, id)) return this.#contradiction(seq)
    if (seq > this.#cursor) {
      this.#highestAcknowledged = Math.max(this.#highestAcknowledged, seq)
      this.#overdueSinceMs ??= nowMs
    }
    return true
  }

  disconnected(): void {
    this.#connected = false
    this.#run += 1
  }

  reconnected(nowMs: number): void {
    this.#connected = true
    if (!this.frozen) this.#catchUp(nowMs)
  }

  /** Nothing this log says is believed any more. */
  freeze(doubt: Doubt): void {
    if (this.frozen) return
    this.#phase = { kind: 'frozen' }
    this.#run += 1
    this.#buffer.clear()
    this.#options.onDoubt(doubt)
  }

  /** Reports each doubt once, until the reader is well again. */
  doubt(doubt: Doubt): void {
    const reason = describeDoubt(doubt)
    if (this.frozen || this.#doubted === reason) return
    this.#doubted = reason
    this.#options.onDoubt(doubt)
  }

  #apply({ seq, json }: StoredEntry, source: 'feed' | 'stream', nowMs: number): boolean {
    const entry = parseLogEntry(json)
    if (entry === undefined) {
      return this.#stuck({ kind: 'unreadable', detail: `the entry at ${seq} does not parse` }, nowMs)
    }
    const subject = subjectOfEntry(this.#options.epoch, entry)
    if (!this.#witness.holds(seq, entry.id, { subject, mayExpireAtMs: this.#mayExpireAtMs(entry, nowMs) })) {
      if (source === 'stream') return this.#contradiction(seq)
      this.distrustFeed(nowMs)
      return false
    }
    try {
      this.#options.onEntry(entry, formatPosition(this.#options.epoch, seq))
    } catch (cause) {
      return this.#stuck(
        { kind: 'refused', detail: `the entry at ${seq} could not be applied`, cause },
        nowMs,
      )
    }
    this.#cursor = seq
    this.#rereading?.met(seq, subject)
    this.#heardAtMs = nowMs
    this.#overdueSinceMs = seq < this.#highestAcknowledged ? nowMs : undefined
    this.#settle()
    // Whatever is behind it is no part of this log: who wrote it had not read that it was over.
    if (entry.type === 'closed') this.freeze(endOf(entry))
    return true
  }

  /**
   * Counted by this process alone, from when it applied the entry. The entry's own time and wall clocks, the server's too, may
   * be wrong: what is gone earlier than this was lost.
   */
  #mayExpireAtMs(entry: LogEntry, nowMs: number): number {
    const lifetimeMs = this.#options.factsExpire === true ? lifetimeMsOf(entry) : undefined
    return lifetimeMs === undefined ? Infinity : nowMs + mayExpireAfterMs(lifetimeMs)
  }

  #readAgain(seq: number, json: string): 'more' | 'stop' {
    if (!this.#agrees(seq, json)) this.#contradiction(seq)
    const entry = parseLogEntry(json)
    if (entry !== undefined) this.#rereading?.met(seq, subjectOfEntry(this.#options.epoch, entry))
    // What a log has lost may have gone further than it does: its end may lie before where that was read to.
    if (entry?.type === 'closed') this.freeze(endOf(entry))
    return this.frozen ? 'stop' : 'more'
  }

  #settle(): void {
    if (this.#hold?.until !== undefined && this.#cursor >= this.#hold.until) this.#lift()
    if (this.#hold !== undefined) return
    this.#settled = this.#cursor
    if (this.#phase.kind !== 'following') return
    this.#backoff.reset()
    this.#doubted = undefined
  }

  #lift(): void {
    const lost = this.#rereading?.lost
    this.#rereading = undefined
    if (lost === undefined) this.#hold = undefined
    else this.freeze({ kind: 'rolled back', detail: `what had been seen at ${lost} is gone` })
  }

  /** Goes over from the stream to what the feed brought meanwhile. */
  #drain(nowMs: number): void {
    for (;;) {
      const json = this.#buffer.take(this.#cursor + 1)
      if (json === undefined) break
      if (!this.#apply({ seq: this.#cursor + 1, json }, 'feed', nowMs)) return
    }
    this.#buffer.dropThrough(this.#cursor)
    if (this.#buffer.size > 0 || this.#buffer.overflowed) this.#catchUp(nowMs)
  }

  #agrees(seq: number, json: string): boolean {
    const id = parseLogEntry(json)?.id
    return id === undefined || this.#witness.holds(seq, id)
  }

  #contradiction(seq: number): false {
    this.freeze({ kind: 'contradicted', detail: `another entry had been seen at ${seq}` })
    return false
  }

  #stuck(doubt: Doubt, nowMs: number): false {
    this.doubt(doubt)
    this.#retry(nowMs)
    return false
  }

  #retry(nowMs: number): void {
    this.#catchUp(nowMs + this.#backoff.nextMs())
  }

  #catchUp(atMs: number): void {
    this.#run += 1
    this.#phase = { kind: 'due', atMs }
    this.#overdueSinceMs = undefined
  }
}
