/**
 * ④ ⑤ One replica's part in the protocol: who is a member, who is granted a lease, what is confirmed.
 * No I/O, no timers: entries, messages and time come in by argument, so that the simulator drives the same code as NATS.
 * Promise: nothing is granted or confirmed by a replica that does not follow the log.
 */
import {
  ORIGIN,
  formatPosition,
  laterOf,
  type LogEntry,
  type MemberId,
  type Position,
} from '@curfew/contracts'
import { LeaseHolder, renewEveryMs, usableForMs, waitedMs, type Instant } from '@curfew/protocol'

import { Confirmations, type ConfirmationWatch, type Settle } from './confirmation.ts'
import { ConfirmedThrough } from './confirmed-through.ts'
import { LeaseGranter, type RenewalRequest } from './lease-granter.ts'
import { LeaseLengths } from './lease-lengths.ts'
import { Membership, type MemberState, type Renewal } from './membership.ts'
import type { Restored } from './restored.ts'

export interface CoordinatorOptions {
  readonly replica: MemberId
  /** In force until the log says otherwise. */
  readonly leaseMs: number
}

/** A barrier under way: it is called stored when it is, or failed. */
export interface Barrier {
  stored(seq: number, now: Instant): void
  failed(): void
}

export class Coordinator {
  readonly #membership = new Membership()
  /** The replica's own: it answers what it is asked about sessions only under it. */
  readonly #lease = new LeaseHolder()
  readonly #granter = new LeaseGranter()
  readonly #confirmations = new Confirmations()
  readonly #lengths: LeaseLengths
  #replica: MemberId
  #epoch = 0
  #isFollowing = false
  #applied = 0
  /** The last entry that took effect here. */
  #latest: Position = ORIGIN
  #confirmedThrough = new ConfirmedThrough()
  #lookedAt: Instant | undefined

  constructor({ replica, leaseMs }: CoordinatorOptions) {
    this.#replica = replica
    this.#lengths = new LeaseLengths(leaseMs)
    this.#confirmations.doubt()
  }

  get leaseMs(): number {
    return this.#lengths.leaseMs
  }

  /** The latest lease length that the log has announced, and its position. */
  get announcedLease(): LeaseLengths['announced'] {
    return this.#lengths.announced
  }

  get replica(): MemberId {
    return this.#replica
  }

  /** Everything up to here has been applied by this replica. */
  get applied(): number {
    return this.#applied
  }

  get isMember(): boolean {
    return this.#membership.isMember(this.#replica)
  }

  get isFollowing(): boolean {
    return this.#isFollowing
  }

  /** The longest lease that may be running: what a change of the length has to name. */
  longestLeaseMs(now: Instant): number {
    return this.#lengths.longestMs(now)
  }

  /** W for the longest lease that may be in force. */
  waitMs(now: Instant): number {
    return this.#lengths.waitMs(now)
  }

  /** After the entry has taken effect in this process. */
  entryApplied(entry: LogEntry, position: Position, now: Instant): void {
    this.#latest = laterOf(this.#latest, position)
    switch (entry.type) {
      case 'joined': {
        const { member, kind, service, host, protocol, at } = entry
        return this.#membership.joined({ member, kind, service, host, protocol }, { position, at }, now)
      }
      case 'left':
        this.#membership.left(entry.member)
        return this.#confirmations.left(entry.member)
      case 'evicted':
        if (entry.member !== this.#replica) return this.#membership.evicted(entry.member, position, now)
        // Of itself a replica knows that the lease is gone from here on.
        this.#lease.drop()
        return this.#membership.left(entry.member)
      case 'config': {
        const { leaseMs, previousLeaseMs } = entry
        return this.#lengths.changed({ leaseMs, previousLeaseMs, position }, now)
      }
      case 'barrier':
        // How replicas renew. Only that it is alive: what it has applied, it says in its acknowledgements.
        return this.#membership.renews({ member: entry.replica, applied: 0, cachedSessions: 0 }, now)
      case 'genesis':
      case 'opened':
      case 'closed':
      case 'revoked':
      case 'rotated':
      case 'grants-changed':
      case 'role-changed':
      case 'suspended':
      case 'resumed':
    }
  }

  /** What a projection of the log holds, before following begins. What was seen in the log itself already is passed over. */
  restore({ members, lease }: Restored, now: Instant): void {
    const isNew = (position: Position): boolean => position > this.#latest
    for (const { id, position, state } of members) {
      if (!isNew(position)) continue
      if (state === 'left') this.#membership.left(id)
      else if (state === 'evicted') this.#membership.evicted(id, position, now)
      else this.#membership.joined(state.member, { position, at: state.joinedAt }, now)
    }
    if (lease && isNew(lease.position)) this.#lengths.changed(lease, now)
  }

  /** The log whose barriers grants will name. */
  follow(epoch: number): void {
    this.doubt()
    this.#epoch = epoch
    this.#applied = 0
    this.#confirmedThrough = new ConfirmedThrough()
  }

  /** Takes part under another id from here on, since the one before was taken off the list. */
  become(replica: MemberId): void {
    this.#replica = replica
    this.#lease.drop()
  }

  /** The reader has proven that everything up to here has been applied: grants whose barrier has come back go out. */
  reached(applied: number, now: Instant): void {
    this.#applied = Math.max(this.#applied, applied)
    this.#membership.heard(this.#replica, this.#applied, now)
    this.#confirmations.acknowledged(this.#replica, this.#applied)
    if (!this.#isFollowing) return
    this.#granter.applied(this.#applied, {
      epoch: this.#epoch,
      leaseMsAt: (barrier) => this.#lengths.at(this.#at(barrier)),
      wasMemberAt: (id, barrier) => this.#membership.wasMemberAt(id, this.#at(barrier)),
    })
  }

  /** May this replica answer for sessions at this instant? */
  hasUsableLease(now: Instant): boolean {
    return this.#isFollowing && this.#lease.isUsable(now, this.#applied)
  }

  /** For gauges: 0 when there is none. */
  leaseRemainingMs(now: Instant): number {
    return this.#lease.remainingMs(now)
  }

  /** Heard by every replica, whichever answers. */
  renewalHeard(renewal: Renewal, now: Instant): void {
    this.#membership.renews(renewal, now)
    this.#noteApplied(renewal.member, renewal.applied)
  }

  acknowledged(member: MemberId, applied: number, now: Instant): void {
    this.#membership.heard(member, applied, now)
    this.#noteApplied(member, applied)
  }

  /** This replica is to answer a renewal. */
  renewalAsked(request: RenewalRequest): void {
    if (this.#isFollowing) this.#granter.request(request)
    else request.reply({ refused: 'unavailable' })
  }

  get hasRenewals(): boolean {
    return this.#granter.hasRequests
  }

  /**
   * Begins a barrier: whoever has asked by now shares it, and this replica renews its own lease with it like any other
   * member. Call it before publishing.
   */
  beginBarrier(nonce: string, now: Instant): Barrier {
    this.#lease.requested(nonce, now)
    this.#granter.request({
      member: this.#replica,
      reply: (answer) => {
        if (!('refused' in answer)) this.#lease.granted(nonce, answer)
      },
    })
    const batch = this.#granter.takeBatch()
    return {
      stored: (seq, storedAt) => {
        this.#granter.stored(seq, batch)
        this.reached(this.#applied, storedAt)
      },
      failed: () => this.#granter.failed(batch),
    }
  }

  /**
   * Waits for everyone who could act without the entry at `seq`, which this replica has applied. Undefined when the time
   * is up and the log is not followed.
   */
  confirm(seq: number, now: Instant, settle: Settle, watch?: ConfirmationWatch): void {
    const waitMs = this.waitMs(now)
    const members = this.#membership.counted(this.#at(seq), now, waitMs)
    const isKnown = this.#isFollowing && this.#confirmedThrough.covers(seq)
    const entry = { seq, members, observedAt: now, waitMs, isKnown, watch }
    this.#confirmations.begin(entry, (confirmation) => {
      if (confirmation) this.#confirmedThrough.confirmed(seq)
      settle(confirmation)
    })
  }

  /** Whether it is known here that nobody acts without what is at `seq`. */
  isConfirmed(seq: number, now: Instant): boolean {
    if (!this.#isFollowing || seq > this.#applied) return false
    if (this.#confirmedThrough.covers(seq)) return true
    const counted = this.#membership.counted(this.#at(seq), now, this.waitMs(now))
    return counted.every(({ applied }) => applied >= seq)
  }

  /** Settles what has waited long enough. @returns milliseconds until the next one will have. */
  expire(now: Instant): number | undefined {
    this.#confirmations.expire(now)
    if (this.#isFollowing) this.#confirmedThrough.look(this.#applied, now, this.waitMs(now))
    return this.#confirmations.nextExpiryMs(now)
  }

  /** Members that have been silent for too long, to be taken off the list by an entry. Ask several times a lease. */
  overdue(now: Instant): MemberState[] {
    const isAwake = this.#lookedAt && waitedMs(this.#lookedAt, now) <= 2 * renewEveryMs(this.leaseMs)
    this.#lookedAt = now
    // A process that was stopped has heard nothing meanwhile, and finds its timers due before its messages.
    if (!isAwake) this.#membership.restartSilence(now)
    const overdue = this.#membership.overdue(now, this.leaseMs)
    return overdue.filter(({ description }) => description.member !== this.#replica)
  }

  members(): MemberState[] {
    return this.#membership.list()
  }

  /** Whose process it is; undefined of a member that is not known here. */
  serviceOf(member: MemberId): string | undefined {
    return this.#membership.serviceOf(member)
  }

  /** How long this member's lease lasts at most, as far as its renewals were heard. */
  remainingMsOf({ renewedAt }: MemberState, now: Instant): number {
    if (renewedAt === undefined) return 0
    return Math.max(0, usableForMs(this.leaseMs) - waitedMs(renewedAt, now))
  }

  /** The log is not followed, or not believed: grants under way and the own lease are worth nothing. */
  doubt(): void {
    this.#isFollowing = false
    this.#confirmedThrough.doubt()
    this.#lease.drop()
    this.#granter.reset()
    this.#confirmations.doubt()
  }

  /** Caught up (again). Nobody could be heard meanwhile: silence counts from here. */
  following(now: Instant): void {
    this.#isFollowing = true
    this.#membership.restartSilence(now)
    this.#confirmations.believe()
  }

  #noteApplied(member: MemberId, applied: number): void {
    if (this.#membership.isBelieved(member)) this.#confirmations.acknowledged(member, applied)
  }

  #at(seq: number): Position {
    return formatPosition(this.#epoch, seq)
  }
}
