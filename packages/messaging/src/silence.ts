/**
 * Whether anybody answers, for servers that do not tell. nats-server before 2.10 says nothing about a question to another
 * account that nobody there hears: the asker would wait for its timeout each time.
 * Promise: after several questions in a row have gone unanswered, the next fail at once; one in `PROBE_EVERY_MS` is sent all
 * the same, and the first answer ends it.
 */
import type { NatsConnection } from '@nats-io/transport-node'

const TELLS_NOBODY = /^v?(?:[01]|2\.\d)\./
const UNANSWERED_IN_A_ROW = 2
const PROBE_EVERY_MS = 250

export class Silence {
  #unanswered = 0
  #probedAtMs = Number.NEGATIVE_INFINITY

  /** Notes the question that is about to be sent; false when it would only wait in vain. */
  mayAsk(nowMs: number): boolean {
    if (this.#unanswered >= UNANSWERED_IN_A_ROW && nowMs - this.#probedAtMs < PROBE_EVERY_MS) return false
    this.#probedAtMs = nowMs
    return true
  }

  answered(): void {
    this.#unanswered = 0
  }

  unanswered(): void {
    this.#unanswered += 1
  }
}

const silences = new WeakMap<NatsConnection, Silence>()

/** Undefined where the server tells by itself that nobody hears a question. */
export function silenceOn(nc: NatsConnection): Silence | undefined {
  if (!TELLS_NOBODY.test(nc.info?.version ?? '')) return undefined
  const known = silences.get(nc) ?? new Silence()
  silences.set(nc, known)
  return known
}
