import { within } from '@curfew/protocol'

/**
 * Watches how full the audit trail is.
 * Promise: what is known is at most a few seconds old, and who is refused room is told once, when it begins and when it ends.
 */
import { hasRoomFor, STANDINGS, type Standing, type TrailRoom } from '../../domain/audit/audit-room.ts'

export interface AuditRoomOptions {
  /** Rejects where the trail cannot be had. */
  readonly read: () => Promise<TrailRoom>
  /** Those whose events the trail has no room for, whenever they change. */
  readonly onChange: (refused: readonly Standing[], room: TrailRoom) => void
  readonly everyMs?: number
}

const EVERY_MS = 2_000
const READ_WITHIN_MS = 1_500

export class AuditRoom {
  readonly #options: AuditRoomOptions
  readonly #timer: NodeJS.Timeout
  #room: TrailRoom | undefined
  #refused: readonly Standing[] = []
  #isKnown = false
  #reading: Promise<void> | undefined

  constructor(options: AuditRoomOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.refresh(), options.everyMs ?? EVERY_MS).unref()
    void this.refresh()
  }

  /** Undefined before the trail has been reached for the first time. */
  get room(): TrailRoom | undefined {
    return this.#room
  }

  /** Why an operator's act cannot be recorded, as far as the room is concerned. */
  get trouble(): string | undefined {
    if (!this.#isKnown) return 'cannot be read'
    return this.takes('operator') ? undefined : 'full'
  }

  /** True as long as it is not known to be full; `waitingBytes` are on their way there. */
  takes(standing: Standing, waitingBytes = 0): boolean {
    if (this.#room === undefined) return true
    const { usedBytes, maxBytes } = this.#room
    return hasRoomFor(standing, { usedBytes: usedBytes + waitingBytes, maxBytes })
  }

  /** Counted until the store says how much it is. */
  grew(bytes: number): void {
    if (this.#room !== undefined) this.#set({ ...this.#room, usedBytes: this.#room.usedBytes + bytes })
  }

  /** Never rejects, and takes a bounded time. */
  async refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    await within(READ_WITHIN_MS, this.#reading)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #read(): Promise<void> {
    try {
      this.#set(await this.#options.read())
      this.#isKnown = true
    } catch {
      this.#isKnown = false
    }
  }

  #set(room: TrailRoom): void {
    this.#room = room
    const refused = STANDINGS.filter((standing) => !this.takes(standing))
    const isOther = refused.length !== this.#refused.length
    this.#refused = refused
    if (isOther) this.#options.onChange(refused, room)
  }
}
