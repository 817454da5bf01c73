/**
 * ⑦ One attempt to send bytes under a claim.
 * Promise: whatever becomes of it, the authority is told how far it came; it is cut when the session behind it is over,
 * or its caller takes nothing or too little.
 */
import { randomBytes } from 'node:crypto'

import type { FastifyReply } from 'fastify'

import type { ClaimDesk, ClaimFor, Content } from '../ports.ts'
import type { Arrivals } from './arrival.ts'

export interface Part {
  readonly from: number
  /** Behind the last byte. */
  readonly until: number
}

export interface DeliveryParts {
  readonly claim: ClaimFor<'download'>
  readonly id: string
  readonly part: Part
  readonly size: number
}

/** How slowly a caller may take a delivery. */
export interface Pace {
  /** How long it may take nothing; also how long before the average counts. */
  readonly stallMs: number
  readonly minBytesPerSecond: number
}

/** What is on its way at once need not be watched. */
const SHORT_BYTES = 64 * 1024

export function newDeliveryId(): string {
  return randomBytes(16).toString('base64url')
}

export class Deliveries {
  readonly #desk: ClaimDesk
  readonly #arrivals: Arrivals
  readonly #pace: Pace
  readonly #releasing = new Set<Promise<void>>()

  constructor(desk: ClaimDesk, arrivals: Arrivals, pace: Pace) {
    this.#desk = desk
    this.#arrivals = arrivals
    this.#pace = pace
  }

  /** The claim has been redeemed for these bytes; the reply is about to send them. */
  follow({ claim, id, part, size }: DeliveryParts, content: Content, reply: FastifyReply): void {
    const { raw } = reply
    const isShort = part.until - part.from <= SHORT_BYTES
    const cut = (reason: 'withdrawn' | 'stalled' | 'slow'): void => {
      const { claimId, session: sessionId } = claim
      reply.log.warn({ event: 'claim.delivery.cut', reason, claimId, sessionId })
      content.destroy()
      // Reset, so that nobody takes what has come by then for the whole.
      raw.socket?.resetAndDestroy()
    }
    // Node counts from the last byte that the connection has taken.
    raw.setTimeout(this.#pace.stallMs, () => cut('stalled'))
    const taken = (): number => content.bytesRead - content.readableLength - raw.writableLength
    const stopTiming = requirePace(this.#pace, taken, () => cut('slow'))
    const stopWatching = isShort ? undefined : this.#desk.watch(claim, () => cut('withdrawn'))
    const stop = (): void => {
      stopTiming()
      stopWatching?.()
    }
    let unsent = 0
    raw.once('close', () => {
      unsent = raw.writableLength
      stop()
    })
    const settle = async (): Promise<void> => {
      const arrival = await this.#arrivals.of(raw, part.until - part.from)
      // A connection that was closed before this began does not close again.
      stop()
      const reached =
        arrival === 'arrived' ? part.until : Math.max(part.from, part.from + content.bytesRead - unsent)
      const end = arrival === 'broken' ? 'broken' : reached === size ? 'done' : 'part'
      await this.#desk.release(claim, { delivery: id, reached: Math.min(reached, part.until), end })
    }
    const releasing = settle().finally(() => this.#releasing.delete(releasing))
    this.#releasing.add(releasing)
  }

  /** Resolves when the authority has been told of all deliveries; to be called when no connection is left. */
  async settled(): Promise<void> {
    await Promise.all(this.#releasing)
  }
}

/**
 * A caller that takes a few bytes now and then never stalls, and would keep its place for ever.
 * @returns ends the watch
 */
function requirePace(
  { stallMs, minBytesPerSecond }: Pace,
  taken: () => number,
  onSlow: () => void,
): () => void {
  const since = performance.now()
  const timer = setInterval(() => {
    const secondsCounted = (performance.now() - since - stallMs) / 1_000
    if (taken() < secondsCounted * minBytesPerSecond) onSlow()
  }, stallMs).unref()
  return () => clearInterval(timer)
}
