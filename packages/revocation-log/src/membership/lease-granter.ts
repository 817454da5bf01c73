/**
 * ④ The replica's side of a lease: collects renewals, lets them share a barrier, grants when the barrier has come back.
 * Promise: the barrier named in a grant was published after its request arrived, this replica's own reading of the log has
 * reached it, and the member had joined before it; without a stored barrier nothing is granted. Everybody gets an answer.
 */
import type { MemberId } from '@curfew/contracts'
import type { Grant } from '@curfew/protocol'

/** `unavailable`: no grant came of this attempt; the member asks again. */
export type Refusal = { readonly refused: 'not-a-member' | 'unavailable' }

export interface RenewalRequest {
  readonly member: MemberId
  readonly reply: (answer: Grant | Refusal) => void
}

export interface GranterState {
  readonly epoch: number
  /** Undefined when there is none to be granted with this barrier. */
  readonly leaseMsAt: (barrier: number) => number | undefined
  /**
   * Whether the log had named it a member before the barrier. A later `joined` is not enough: entries between the two may
   * have been confirmed without it.
   */
  readonly wasMemberAt: (id: MemberId, barrier: number) => boolean
}

/** Emptied as its requests are answered, so that nobody is answered twice. */
type Batch = RenewalRequest[]

const UNAVAILABLE: Refusal = { refused: 'unavailable' }

export class LeaseGranter {
  /** Arrived, and not yet covered by a barrier: the next one is for them. */
  #arrived: Batch = []
  /** Covered by a barrier that is stored, waiting to see it come back. */
  #covered: { readonly barrier: number; readonly batch: Batch }[] = []

  request(renewal: RenewalRequest): void {
    this.#arrived.push(renewal)
  }

  get hasRequests(): boolean {
    return this.#arrived.length > 0
  }

  /** Takes everyone who has arrived by now. Call it before publishing the barrier: later arrivals must wait for the next. */
  takeBatch(): Batch {
    const batch = this.#arrived
    this.#arrived = []
    return batch
  }

  /** The barrier of a batch is stored at this sequence. */
  stored(barrier: number, batch: Batch): void {
    this.#covered.push({ barrier, batch })
  }

  /** The barrier of a batch is not known to be stored, or has not come back in time. */
  failed(batch: Batch): void {
    this.#covered = this.#covered.filter((covered) => covered.batch !== batch)
    for (const { reply } of batch.splice(0)) reply(UNAVAILABLE)
  }

  /** This replica's reader has applied the log up to here. Membership is looked up only now, after the barrier. */
  applied(seq: number, state: GranterState): void {
    const due = this.#covered.filter(({ barrier }) => barrier <= seq)
    if (due.length === 0) return
    this.#covered = this.#covered.filter(({ barrier }) => barrier > seq)
    for (const { barrier, batch } of due)
      for (const { member, reply } of batch.splice(0)) reply(answerTo(member, barrier, state))
  }

  /** Gives up what is under way (doubt, freeze, another epoch): the members ask again. */
  reset(): void {
    for (const { batch } of this.#covered) this.failed(batch)
    this.failed(this.takeBatch())
  }
}

function answerTo(
  member: MemberId,
  barrier: number,
  { epoch, leaseMsAt, wasMemberAt }: GranterState,
): Grant | Refusal {
  if (!wasMemberAt(member, barrier)) return { refused: 'not-a-member' }
  const leaseMs = leaseMsAt(barrier)
  return leaseMs === undefined ? UNAVAILABLE : { epoch, barrier, leaseMs }
}
