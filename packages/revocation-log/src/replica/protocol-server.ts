/**
 * ④ ⑤ Puts the coordinator on the wire: renewals, joining and leaving, acknowledgements, and the passing of time.
 * Promise: whatever it says of the log has been stored and read back by this replica.
 */
import {
  ANY_SPEAKER,
  AcknowledgementSchema,
  RENEW_LEASE,
  SESSION_SERVICE,
  ackSubject,
  parsePosition,
  renewSubject,
  sequenceOf,
  speakerOf,
  type LogEntry,
  type Member,
  type MemberId,
  type Position,
} from '@curfew/contracts'
import { isConnected, type Answering } from '@curfew/messaging'
import { AckSender, renewEveryMs, type Clock } from '@curfew/protocol'
import type { NatsConnection } from '@nats-io/nats-core'
import { Compile } from 'typebox/compile'

import type { Confirmation, ConfirmationWatch } from '../membership/confirmation.ts'
import type { Coordinator } from '../membership/coordinator.ts'
import {
  MEMBER_LIMITS,
  MemberAdmission,
  type JoinRefusal,
  type MemberLimits,
  type RefusedJoin,
} from '../membership/member-admission.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import type { PublishResult } from '../stream/log.ts'
import { Barriers } from './barriers.ts'
import { listen, type Listening } from './listening.ts'
import { answerMembers } from './member-handlers.ts'
import { MemberRecorder } from './member-recorder.ts'
import type { Confirming } from './ports.ts'

export interface ProtocolServerOptions {
  /** Members are heard and answered here. */
  readonly nc: NatsConnection
  readonly epoch: number
  /** This replica, which is a member like any other; `newId` gives it another name when it was taken off the list. */
  readonly self: Omit<Member, 'member'>
  readonly newId: () => MemberId
  readonly coordinator: Coordinator
  readonly clock: Clock
  readonly logger: LogLogger
  readonly publish: (entry: LogEntry) => Promise<PublishResult>
  /** True when this replica has applied the position in time. */
  readonly waitFor: (position: Position, timeoutMs: number) => Promise<boolean>
  /** This replica follows the log and hears members. */
  readonly isFollowing: () => boolean
  readonly memberLimits?: MemberLimits | undefined
  /** Whether the log has room for verifiers that join. */
  readonly hasRoom: () => boolean
  readonly onJoinRefused: (refused: RefusedJoin) => void
}

const WITHOUT_ROOM_RETRY_MS = 2_000
/** Acknowledgements take milliseconds. */
const REMIND_AFTER_MS = 300

const acknowledgement = Compile(AcknowledgementSchema)
const renewal = Compile(RENEW_LEASE.question)

export class ProtocolServer {
  readonly #options: ProtocolServerOptions
  readonly #acks: AckSender
  readonly #barriers: Barriers
  readonly #members: MemberRecorder
  readonly #admission: MemberAdmission
  readonly #answering: Answering[] = []
  #hearing: Listening[] = []
  #expiryTimer: NodeJS.Timeout | undefined
  #tickTimer: NodeJS.Timeout | undefined
  #isClosed = false
  #isRejoining = false
  #isReminding = false

  constructor(options: ProtocolServerOptions) {
    this.#options = options
    const { nc, epoch, coordinator } = options
    this.#barriers = new Barriers({ ...options, follows: () => this.#follows() })
    this.#members = new MemberRecorder(options)
    this.#admission = new MemberAdmission(options.memberLimits ?? MEMBER_LIMITS)
    this.#acks = new AckSender((replica, applied) => {
      if (nc.isClosed()) return
      const subject = ackSubject(epoch, replica, SESSION_SERVICE)
      nc.publish(subject, JSON.stringify({ member: coordinator.replica, applied }))
    })
  }

  /** Resolves when this replica is a member under a lease. To be called when the log has been followed to its end. */
  async start(applied: Position): Promise<void> {
    const { nc, epoch, coordinator, self, logger } = this.#options
    coordinator.follow(epoch)
    this.reached(applied)
    this.#hearAcks()
    this.#hearing.push(
      listen(nc, renewSubject(epoch, ANY_SPEAKER), renewal, (news, subject) => {
        if (this.#speaksFor(news.member, subject)) coordinator.renewalHeard(news, this.#now())
      }),
    )
    const [members, barriers] = [this.#members, this.#barriers]
    const serviceOf = (member: MemberId): string | undefined => coordinator.serviceOf(member)
    const admit = (member: Member): JoinRefusal | undefined => this.#admit(member)
    const settled = (member: MemberId): void => this.#admission.settled(member)
    this.#answering.push(
      ...answerMembers({ nc, epoch, logger, members, barriers, serviceOf, admit, settled }),
    )
    // Joining first would have others wait for one whose subscriptions the server may not know yet.
    await nc.flush()
    await this.#members.join({ ...self, member: coordinator.replica })
    await this.#barriers.publish()
    this.#scheduleTick()
  }

  /** This replica may answer for sessions at this instant. */
  get mayAnswer(): boolean {
    return this.#follows() && this.#options.coordinator.hasUsableLease(this.#now())
  }

  /** From the reader, after the entry has taken effect in this process. */
  entryApplied(entry: LogEntry, position: Position): void {
    const { coordinator } = this.#options
    const { leaseMs } = coordinator
    // While it catches up it meets those of earlier minutes.
    if (entry.type === 'joined' && entry.kind === 'verifier' && coordinator.isFollowing)
      this.#admission.joined(entry, this.#now())
    coordinator.entryApplied(entry, position, this.#now())
    if ('ackTo' in entry && entry.ackTo !== undefined && entry.ackTo !== coordinator.replica)
      this.#acks.owe(entry.ackTo)
    // A shorter lease is due sooner, and who is no member any more has none.
    const isOut = entry.type === 'evicted' && entry.member === coordinator.replica
    if (this.#tickTimer !== undefined && (isOut || coordinator.leaseMs !== leaseMs)) this.#scheduleTick(0)
  }

  /** From the reader: everything up to here is proven. */
  reached(position: Position): void {
    const seq = sequenceOf(position)
    this.#follows()
    this.#options.coordinator.reached(seq, this.#now())
    this.#acks.applied(seq)
  }

  /**
   * Resolves once no member can act without the entry at `position`, which has been applied here, after W at the latest;
   * then to undefined if the log is not followed.
   */
  async confirm(
    position: Position,
    { isRepeat = false, watch }: Pick<Confirming, 'isRepeat' | 'watch'> = {},
  ): Promise<Confirmation | undefined> {
    // An entry of an earlier log is confirmed by any entry that is confirmed in this one.
    if (!isRepeat && this.#isHere(position)) return this.#confirm(position, watch)
    if (this.isConfirmed(position)) return this.#confirm(position, watch)
    const barrier = await this.#barriers.ask()
    return barrier === undefined ? undefined : this.#confirm(barrier, watch)
  }

  #confirm(position: Position, watch: ConfirmationWatch | undefined): Promise<Confirmation | undefined> {
    this.#follows()
    return new Promise((resolve) => {
      // A message that got lost on the way to a member or back would cost W: the next entry shows the gap, and is asked about.
      const reminder = setTimeout(() => this.#remind(), REMIND_AFTER_MS)
      const settle = (confirmation: Confirmation | undefined): void => {
        clearTimeout(reminder)
        resolve(confirmation)
      }
      this.#options.coordinator.confirm(sequenceOf(position), this.#now(), settle, watch)
      this.#scheduleExpiry()
    })
  }

  /** Whether this replica knows that no member acts without the entry at `position`. */
  isConfirmed(position: Position): boolean {
    return (
      this.#isHere(position) &&
      this.#follows() &&
      this.#options.coordinator.isConfirmed(sequenceOf(position), this.#now())
    )
  }

  /** The lease goes first: nobody has to wait for a replica that leaves in order. */
  async close(): Promise<void> {
    const { coordinator, nc, logger } = this.#options
    const wasFollowing = this.#follows()
    this.#isClosed = true
    clearTimeout(this.#tickTimer)
    clearTimeout(this.#expiryTimer)
    this.#barriers.close()
    this.#acks.close()
    coordinator.doubt()
    if (isConnected(nc)) await Promise.all(this.#answering.map((answering) => answering.drain()))
    else for (const answering of this.#answering) answering.unsubscribe()
    for (const hearing of this.#hearing) hearing.stop()
    if (!wasFollowing || !isConnected(nc)) return
    // The log itself decides when others stop waiting, so that this replica need not see it come back.
    await this.#members.sayLeft(coordinator.replica).catch((err: unknown) => {
      logger.warn({ event: 'member.leave.failed', err })
    })
  }

  #isHere(position: Position): boolean {
    return parsePosition(position)?.epoch === this.#options.epoch
  }

  /** Whether the log is followed at this moment, told to the coordinator before anything rests on it. */
  #follows(): boolean {
    const { coordinator, isFollowing } = this.#options
    const follows = isFollowing() && !this.#isClosed
    if (follows === coordinator.isFollowing) return follows
    if (!follows) coordinator.doubt()
    else {
      coordinator.following(this.#now())
      if (this.#tickTimer !== undefined) this.#scheduleTick(0)
    }
    return follows
  }

  /** One barrier, for everybody who is waiting: it asks for what the entries before it have asked for. */
  #remind(): void {
    if (this.#isReminding || this.#isClosed || !this.#follows()) return
    this.#isReminding = true
    void this.#barriers.ask().finally(() => (this.#isReminding = false))
  }

  #tick(): void {
    const { coordinator, logger } = this.#options
    this.#scheduleTick()
    const follows = this.#follows()
    this.#scheduleExpiry()
    if (!follows) return
    if (coordinator.isMember) void this.#barriers.publish()
    else void this.#rejoin()
    for (const { description } of coordinator.members())
      if (description.kind === 'replica' && description.member !== coordinator.replica)
        this.#acks.owe(description.member)
    for (const member of coordinator.overdue(this.#now())) {
      logger.warn({ event: 'member.overdue', member: member.description })
      void this.#members.evict(member)
    }
  }

  /** Stopped for a while, or cut off, and taken off the list by the others: under a new id, since ids are never reused. */
  async #rejoin(): Promise<void> {
    const { coordinator, newId, self, logger } = this.#options
    if (this.#isRejoining) return
    this.#isRejoining = true
    try {
      const before = coordinator.replica
      coordinator.become(newId())
      this.#hearAcks()
      logger.warn({ event: 'member.rejoining', before, member: coordinator.replica })
      await this.#members.join({ ...self, member: coordinator.replica })
      await this.#barriers.publish()
    } catch (err) {
      logger.warn({ event: 'member.rejoin.failed', err })
    } finally {
      this.#isRejoining = false
    }
  }

  /** Undefined when the member may join. One whose answer was lost is a member already, and may. */
  #admit(member: Member): JoinRefusal | undefined {
    const { coordinator, hasRoom, onJoinRefused } = this.#options
    const known = coordinator.members().map(({ description }) => description)
    if (known.some((each) => each.member === member.member)) return undefined
    const present = known.filter(({ kind, service }) => kind === 'verifier' && service === member.service)
    const refusal: JoinRefusal | undefined = hasRoom()
      ? this.#admission.ask(member, present.length, this.#now())
      : { refused: 'log-full', retryAfterMs: WITHOUT_ROOM_RETRY_MS }
    if (refusal) onJoinRefused(this.#admission.refusal(member.service, refusal.refused, this.#now()))
    return refusal
  }

  /** Nobody counts as heard, or as gone, by the word of another service. */
  #speaksFor(member: MemberId, subject: string): boolean {
    return this.#options.coordinator.serviceOf(member) === speakerOf(subject)
  }

  /** Under the present id; what was said to the one before is not waited for by anybody any more. */
  #hearAcks(): void {
    const { nc, epoch, coordinator } = this.#options
    const [before, ...others] = this.#hearing
    const acks = listen(
      nc,
      ackSubject(epoch, coordinator.replica, ANY_SPEAKER),
      acknowledgement,
      ({ member, applied }, subject) => {
        this.#follows()
        if (this.#speaksFor(member, subject)) coordinator.acknowledged(member, applied, this.#now())
      },
    )
    before?.stop()
    this.#hearing = [acks, ...others]
  }

  #scheduleTick(inMs = renewEveryMs(this.#options.coordinator.leaseMs)): void {
    clearTimeout(this.#tickTimer)
    if (!this.#isClosed) this.#tickTimer = setTimeout(() => this.#tick(), inMs)
  }

  #scheduleExpiry(): void {
    clearTimeout(this.#expiryTimer)
    if (this.#isClosed) return
    this.#follows()
    const dueInMs = this.#options.coordinator.expire(this.#now())
    if (dueInMs !== undefined) this.#expiryTimer = setTimeout(() => this.#scheduleExpiry(), dueInMs)
  }

  #now() {
    return this.#options.clock()
  }
}
