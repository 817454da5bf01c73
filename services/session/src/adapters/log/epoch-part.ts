/**
 * ④ ⑤ This replica's part in the protocol of one epoch.
 * Promise: nothing that it knows of members, leases and confirmations is carried into another epoch.
 */
import { parsePosition, type LogEntry, type MemberId, type Position } from '@curfew/contracts'
import { systemClock } from '@curfew/protocol'
import type { Confirmation, ConfirmationWatch, Coordinator, ProtocolServer } from '@curfew/revocation-log'

import { Unavailable } from '../../domain/log/unavailable.ts'
import { announceLeaseLength, protocolServer, type Joining } from './join-protocol.ts'

export class EpochPart {
  readonly coordinator: Coordinator
  #epoch: number | undefined
  #protocol: ProtocolServer | undefined

  constructor(coordinator: Coordinator) {
    this.coordinator = coordinator
  }

  get replica(): MemberId {
    return this.coordinator.replica
  }

  get mayAnswer(): boolean {
    return this.#protocol?.mayAnswer === true
  }

  /** @throws when the log does not take it; it may be tried again with another part. */
  async join(joining: Omit<Joining, 'coordinator'>, applied: Position): Promise<void> {
    const all = { ...joining, coordinator: this.coordinator }
    await announceLeaseLength(all)
    this.#epoch = joining.epoch
    this.#protocol = protocolServer(all)
    await this.#protocol.start(applied)
  }

  entryApplied(entry: LogEntry, position: Position): void {
    if (this.#protocol === undefined) this.coordinator.entryApplied(entry, position, systemClock())
    else this.#protocol.entryApplied(entry, position)
  }

  reached(applied: Position): void {
    this.#protocol?.reached(applied)
  }

  /** @param isRepeat the entry did not ask this replica's members to tell it. */
  async confirm(
    position: Position,
    isRepeat: boolean,
    watch?: ConfirmationWatch,
  ): Promise<Confirmation | undefined> {
    const protocol = this.#protocol
    if (protocol === undefined) throw new Unavailable('log-not-followed')
    // What is in an earlier log is confirmed by whatever is confirmed in this one.
    const isAnew = isRepeat || !this.#isHere(position)
    return isAnew ? protocol.confirmAnew(position, watch) : protocol.confirm(position, watch)
  }

  isConfirmed(position: Position): boolean {
    return this.#isHere(position) && this.#protocol?.isConfirmed(position) === true
  }

  async close(): Promise<void> {
    await this.#protocol?.close()
  }

  #isHere(position: Position): boolean {
    return parsePosition(position)?.epoch === this.#epoch
  }
}
