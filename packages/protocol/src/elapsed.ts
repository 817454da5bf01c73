/**
 * Time as the protocol reads it: two clocks of one machine, never compared with another machine's.
 * Promise: who holds a lease never counts too little (the faster clock decides), who waits one out never too much credit
 * (only the monotonic clock counts), whatever jumps the wall clock makes and however long the process was stopped.
 */
export interface Instant {
  /** Monotonic milliseconds, for example `performance.now()`. Keeps counting while a process is stopped. */
  readonly monotonicMs: number
  /** Wall-clock milliseconds. Also counts while the machine is suspended, which the monotonic clock may not. */
  readonly wallMs: number
}

/** Reads both clocks. Called at each decision: a timer or a remembered reading would outlive a pause. */
export type Clock = () => Instant

/** The clocks of this process. */
export const systemClock: Clock = () => ({ monotonicMs: performance.now(), wallMs: Date.now() })

/** How much of a lease may be gone: the larger of what the two clocks say, since a jump forward only costs a renewal. */
export function elapsedMs(since: Instant, now: Instant): number {
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs)
}

/** How long something has been waited for at least: the monotonic clock alone, since a wall clock may be set forward. */
export function waitedMs(since: Instant, now: Instant): number {
  return now.monotonicMs - since.monotonicMs
}
