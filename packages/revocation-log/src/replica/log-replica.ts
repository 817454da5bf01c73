/**
 * One replica of the revocation log: it writes the log, follows it, takes part in the protocol and moves on to the next epoch.
 * Promise: while `isFollowing`, the service has everything that the log had a moment ago; after doubt it resumes from the stored
 * state; a log that contradicts its own past is never believed again, only the epoch that follows it.
 */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  ORIGIN,
  PROTOCOL_VERSION,
  SESSION_SERVICE,
  type LogEntry,
  type MemberId,
  type Position,
  type Subject,
  entryHead,
  type EntryHead,
} from '@curfew/contracts'
import { isConnected } from '@curfew/messaging'
import { systemClock, within } from '@curfew/protocol'
import type { NatsConnection } from '@nats-io/nats-core'

import { findEpochInForce } from '../epoch/epochs.ts'
import { Witness } from '../follow/witness.ts'
import type { Confirmation } from '../membership/confirmation.ts'
import type { Coordinator } from '../membership/coordinator.ts'
import type { MemberLimits } from '../membership/member-admission.ts'
import { LogClosing } from '../stream/log-closing.ts'
import { LogRoom, type RoomUse } from '../stream/log-room.ts'
import type { LatestGrants, PositionedEntry, RevocationLog } from '../stream/log.ts'
import { EpochWatch } from './epoch-watch.ts'
import { announceLeaseLength, newReplicaId } from './join.ts'
import { isFinal, withWayOut } from './log-errors.ts'
import { LogReach } from './log-reach.ts'
import type { Confirming, Expected, Publication } from './ports.ts'
import { ProtocolServer } from './protocol-server.ts'
import { resumeLog, type Resumable } from './resume.ts'
import { SentEntries } from './sent-entries.ts'
import { Unavailable } from './unavailable.ts'

export interface LogReplicaOptions extends Resumable {
  /** Where members speak to this replica; more than it can take must not stand between it and the log. */
  readonly questions: NatsConnection
  /** For each epoch another one, under an id that is never reused. */
  readonly newCoordinator: () => Coordinator
  readonly leaseMs: number
  readonly memberLimits?: MemberLimits | undefined
  readonly clock: { nowMs(): number }
}

const RETRY_MS = 500
const CATCH_UP_WITHIN_MS = 3_000
/** A replica that stops may be the last one that knows that the log has lost entries, and says so first. */
const CLOSED_WITHIN_MS = 3_000

export class LogReplica {
  readonly reach: LogReach
  /** Of the log in force; somebody has to look at it (room-watch.ts). */
  readonly room = new LogRoom()
  readonly #options: LogReplicaOptions
  readonly #closing = new AbortController()
  readonly #watch: EpochWatch
  readonly #sent: SentEntries
  /** What is known of members, leases and confirmations in one epoch; none of it is carried into another. */
  #coordinator: Coordinator
  /** Once this replica takes part. */
  #protocol: ProtocolServer | undefined
  #log: RevocationLog | undefined
  #restarting: Promise<void> | undefined
  #epoch: number | undefined
  #said = 0
  #serve: ((epoch: number) => Promise<void>) | undefined
  #doubt: string | undefined
  #hasJoined = false
  #isFrozen = false
  /** Outlives each restart of the view: Redis may have gone back together with the log. */
  #witness = new Witness(0)
  #logClosing = new LogClosing()

  constructor(options: LogReplicaOptions) {
    this.#options = options
    this.#coordinator = options.newCoordinator()
    this.#sent = new SentEntries({
      publish: (entry, expected) => this.#publish(entry, expected),
      lastPositionOf: (entry) => this.lastPositionOf(entry),
      catchUp: () => this.catchUp(),
    })
    this.reach = new LogReach({
      ...options,
      log: () => this.#log,
      catchUp: () => this.catchUp(),
      startAgain: (reason) => this.startAgain(reason),
    })
    this.#watch = new EpochWatch({
      find: () => findEpochInForce(options.nc),
      isNeeded: () => !this.isFollowing && this.#restarting === undefined,
      present: () => this.epoch,
      onFound: (epoch) => this.#follow(epoch),
    })
  }

  get epoch(): number {
    if (this.#epoch === undefined) throw new Unavailable('log-not-followed')
    return this.#epoch
  }

  /** Of the present epoch. */
  get coordinator(): Coordinator {
    return this.#coordinator
  }

  get replica(): MemberId {
    return this.#coordinator.replica
  }

  get isFollowing(): boolean {
    return !this.isFrozen && this.#log?.reader.healthy === true
  }

  get isFrozen(): boolean {
    this.#isFrozen ||= this.#log?.reader.frozen === true
    return this.#isFrozen
  }

  /** For people: why the log is not followed. */
  get trouble(): string | undefined {
    if (this.isFollowing) return undefined
    if (this.isFrozen) return `frozen until an operator acts: ${this.#doubt ?? 'the log is not what it was'}`
    return this.#doubt === undefined ? 'not followed' : `not followed: ${this.#doubt}`
  }

  /** The first start: creates the log where neither NATS nor Redis has ever heard of one. */
  async open(): Promise<void> {
    try {
      this.#log = await this.#open(undefined)
    } catch (error) {
      await this.#logClosing.end(CLOSED_WITHIN_MS)
      throw withWayOut(error) ?? error
    }
  }

  /** Takes part in the protocol: once the log has been followed to its end for the first time. */
  async join(): Promise<void> {
    await announceLeaseLength({
      coordinator: this.#coordinator,
      leaseMs: this.#options.leaseMs,
      publish: (entry, expected) => this.publish(entry, expected),
      catchUp: () => this.catchUp(),
      head: () => this.#head('config'),
    })
    this.#protocol = this.#protocolServer()
    await this.#protocol.start(this.#log?.reader.applied ?? ORIGIN)
    this.#hasJoined = true
    this.#watch.start()
  }

  /** Serves what belongs to one epoch: at once for the present one, and later for those that follow. */
  async inEachEpoch(serve: (epoch: number) => Promise<void>): Promise<void> {
    await serve(this.epoch)
    this.#serve = serve
  }

  /** An entry has taken effect in the view. */
  noteEntry(entry: LogEntry, position: Position): void {
    this.#sent.note(entry, position)
    if (this.#protocol === undefined) this.#coordinator.entryApplied(entry, position, systemClock())
    else this.#protocol.entryApplied(entry, position)
  }

  get mayAnswer(): boolean {
    return this.isFollowing && this.#protocol?.mayAnswer === true
  }

  async confirm(position: Position, confirming: Confirming = {}): Promise<Confirmation | undefined> {
    if (this.#protocol === undefined) throw new Unavailable('log-not-followed')
    const startedAtMs = performance.now()
    const confirmation = await within(confirming.withinMs, this.#protocol.confirm(position, confirming))
    const by = confirmation?.confirmedBy ?? 'none'
    this.#options.reports.confirmationSettled({ by, durationMs: performance.now() - startedAtMs })
    return confirmation
  }

  isConfirmed(position: Position): boolean {
    return this.#protocol?.isConfirmed(position) === true
  }

  publish(entry: LogEntry, expected: Expected = {}): Promise<Publication> {
    const { last } = expected
    return last === undefined ? this.#publish(entry) : this.#sent.publish(entry, { ...expected, last })
  }

  hasRoomFor(use: RoomUse): boolean {
    return this.room.hasRoomFor(use)
  }

  lastPositionOf(entry: LogEntry): Promise<Position> {
    return this.#ask(({ writer }) => writer.lastPositionOf(entry))
  }

  lastGrantsOf(subject: Subject): Promise<LatestGrants | undefined> {
    return this.#ask(({ writer }) => writer.lastGrantsOf(subject))
  }

  history(after: Position, upTo: Position): Promise<readonly PositionedEntry[]> {
    return this.#ask((log) => log.history(after, upTo))
  }

  async waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    return (await this.#log?.reader.waitFor(position, timeoutMs)) ?? false
  }

  async catchUp(): Promise<boolean> {
    const { replica } = this
    const barrier = await this.#publish({ ...this.#head('barrier'), type: 'barrier', replica })
    return barrier.kind === 'stored' && this.waitFor(barrier.position, CATCH_UP_WITHIN_MS)
  }

  startAgain(reason: string): void {
    if (this.#closing.signal.aborted || this.#restarting !== undefined || this.isFrozen) return
    this.#options.reports.viewStartedAgain(reason)
    this.#follow(this.epoch)
  }

  async close(): Promise<void> {
    this.#watch.stop()
    // Whatever part it ends up with is the one to be closed.
    if (this.#restarting !== undefined) this.#closing.abort()
    await this.#restarting
    await this.#protocol?.close()
    this.#closing.abort()
    await this.#logClosing.end(CLOSED_WITHIN_MS)
    await this.#log?.reader.close()
  }

  async #publish(entry: LogEntry, { last, end }: Expected = {}): Promise<Publication> {
    if (this.#log === undefined) throw new Unavailable('log-not-followed')
    const published = await this.#log.writer.publish(entry, {
      ...(last !== undefined && { expectLast: last }),
      ...(end !== undefined && { expectEnd: end }),
    })
    if (published.kind !== 'full') return published
    this.#options.reports.logHadNoRoom(entry.type)
    throw new Unavailable('log-full')
  }

  async #ask<T>(question: (log: RevocationLog) => Promise<T>): Promise<T> {
    if (this.#log === undefined) throw new Unavailable('log-not-followed')
    return question(this.#log).catch((err: unknown) => {
      throw new Unavailable('log-not-followed', err)
    })
  }

  #follow(epoch: number): void {
    if (this.#closing.signal.aborted || this.#restarting !== undefined) return
    this.#restarting = this.#followUntilHealthy(epoch).finally(() => {
      this.#restarting = undefined
    })
  }

  async #followUntilHealthy(from: number): Promise<void> {
    for (let epoch = from; !this.#closing.signal.aborted; epoch = await this.#nextEpoch()) {
      try {
        await this.#leaveLog(epoch)
        this.#log = await this.#open(epoch)
        if (!this.#hasJoined) {
          // Once it has joined it says that this epoch is in force: whoever hears that must find somebody who answers.
          await this.#serve?.(epoch)
          await this.join()
        }
        return
      } catch (err) {
        if (!this.#hasJoined) await this.#beginAnew()
        this.#options.logger.warn({ event: 'log.restart.failed', epoch, err })
        // It may grow past what was seen of it, and would look well again.
        if (isFinal(err)) return this.#freeze(err.message)
        await sleep(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      }
    }
  }

  /** From here on nothing is answered from the view. Nothing of this replica's part in one epoch goes on in another. */
  async #leaveLog(next: number): Promise<void> {
    const old = this.#log
    this.#log = undefined
    await old?.reader.close()
    if (next === this.#epoch) return
    await this.#beginAnew()
    this.#epoch = next
    this.#isFrozen = false
    this.#witness = new Witness(0)
    await this.#logClosing.end(0)
    this.#logClosing = new LogClosing()
  }

  async #beginAnew(): Promise<void> {
    this.#hasJoined = false
    await this.#protocol?.close()
    this.#protocol = undefined
    this.#coordinator = this.#options.newCoordinator()
  }

  async #nextEpoch(): Promise<number> {
    const found = await findEpochInForce(this.#options.nc).catch(() => undefined)
    return Math.max(found ?? 0, this.epoch)
  }

  #freeze(reason: string): void {
    this.#isFrozen = true
    this.#noteDoubt(reason)
  }

  #noteDoubt(reason: string): void {
    this.#doubt = reason
    this.#options.reports.logInDoubt(reason)
    if (this.isFrozen) this.#options.reports.logFrozen(reason)
  }

  /** @param epoch undefined for the first start. */
  async #open(epoch: number | undefined): Promise<RevocationLog> {
    let opened: RevocationLog | undefined
    opened = await resumeLog(this.#options, {
      epoch,
      coordinator: this.#coordinator,
      witness: this.#witness,
      room: this.room,
      closing: this.#logClosing,
      onFound: (found) => (this.#epoch = found),
      onApplied: (applied) => this.#protocol?.reached(applied),
      onDoubt: (reason) => {
        // Also what a reader that is being replaced has found out.
        if (opened?.epoch === this.#epoch) this.#isFrozen ||= opened?.reader.frozen === true
        this.#noteDoubt(reason)
      },
    })
    return opened
  }

  #protocolServer(): ProtocolServer {
    const { questions, logger, memberLimits, reports } = this.#options
    return new ProtocolServer({
      nc: questions,
      epoch: this.epoch,
      self: { kind: 'replica', service: SESSION_SERVICE, host: hostname(), protocol: PROTOCOL_VERSION },
      newId: newReplicaId,
      coordinator: this.#coordinator,
      clock: systemClock,
      logger,
      publish: (entry) => this.publish(entry),
      waitFor: (position, timeoutMs) => this.waitFor(position, timeoutMs),
      // Without both it would take members off the list that it merely cannot hear.
      isFollowing: () => this.isFollowing && isConnected(questions),
      memberLimits,
      hasRoom: () => this.hasRoomFor('changes'),
      onJoinRefused: (refused) => reports.joinRefused(refused),
    })
  }

  #head(kind: string): EntryHead {
    return entryHead(`${kind}-${this.replica}-${++this.#said}`, this.#options.clock.nowMs())
  }
}
