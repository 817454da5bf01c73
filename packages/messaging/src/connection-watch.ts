/**
 * Tells whether the NATS connection is up, and ends what was waiting on one that is gone.
 * Promise: an answer that can no longer come is not waited for, and nothing is sent into a connection that is down.
 */
import type { NatsConnection } from '@nats-io/transport-node'

export interface Connection {
  readonly up: boolean
  /** Aborted when the present connection is lost: requests in flight get no answer, though they may have had an effect. */
  readonly lost: AbortSignal
  /** Aborted when the connection is up (again). */
  readonly restored: AbortSignal
}

export class ConnectionWatch implements Connection {
  #lost = new AbortController()
  #restored = new AbortController()
  #up = true

  constructor(nc: NatsConnection, onChange: (up: boolean) => void) {
    this.#restored.abort()
    void this.#follow(nc, onChange)
  }

  get up(): boolean {
    return this.#up
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get restored(): AbortSignal {
    return this.#restored.signal
  }

  async #follow(nc: NatsConnection, onChange: (up: boolean) => void): Promise<void> {
    for await (const { type } of nc.status()) {
      // nats.js repeats both: each failed dial reports a `disconnect` and later its own `reconnect`.
      if (type === 'disconnect' && this.#up) {
        this.#up = false
        this.#restored = new AbortController()
        this.#lost.abort()
        onChange(false)
      } else if (type === 'reconnect' && !this.#up) {
        this.#up = true
        this.#lost = new AbortController()
        this.#restored.abort()
        onChange(true)
      }
    }
  }
}
