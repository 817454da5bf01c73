import { Unavailable } from '../domain/log/unavailable.ts'
/**
 * ④ Looks every few seconds whether sessions have reached a limit, and with them their users' names, for as long as the process lives.
 * Promise: one look at a time; what cannot be done now is done later.
 */
import { expireSessions, type ExpiryPorts } from '../domain/sessions/expire-sessions.ts'
import type { SessionNames } from '../domain/sessions/ports.ts'

const EVERY_MS = 5_000

type WatchPorts = ExpiryPorts & { readonly names: SessionNames }

export class ExpiryWatch {
  readonly #ports: WatchPorts
  readonly #timer: NodeJS.Timeout
  #isLooking = false

  constructor(ports: WatchPorts) {
    this.#ports = ports
    this.#timer = setInterval(() => void this.#look(), EVERY_MS)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      await expireSessions(this.#ports)
      await this.#ports.names.strikeDue(this.#ports.clock.nowMs())
      await this.#ports.names.listEarlier()
    } catch (err) {
      // Without a lease, or with Redis away, there will be another look.
      if (!(err instanceof Unavailable)) this.#ports.reports.expiryFailed(err)
    } finally {
      this.#isLooking = false
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
