/**
 * The inequalities between lease, wait and renewal, in one place.
 * Promise: for any lease length, who may still answer from memory has stopped before who waits it out goes on,
 * as long as clock rates differ by less than RATE_ERROR on either side.
 */

/** Bound on the rate error of a clock, either way. chrony may slew by 8.3 % (its default `maxslewrate`); 10 % covers that. */
const RATE_ERROR = 0.1

/** Added to every wait: room for the reading of clocks and for the scheduler between reading and acting. */
const SAFETY_MARGIN_MS = 250

/** How long after its request a holder may use a lease of this length. */
export function usableForMs(leaseMs: number): number {
  return leaseMs * (1 - RATE_ERROR)
}

/** W: how long a confirmation waits for a member that does not acknowledge, counted from when it observed the entry itself. */
export function waitForMs(leaseMs: number): number {
  return leaseMs * (1 + RATE_ERROR) + SAFETY_MARGIN_MS
}

/**
 * How long after a replica applied an entry the log may have let it expire, on the replica's monotonic clock: not later than a
 * server whose clock is right does so, though this clock is slow.
 */
export function mayExpireAfterMs(lifetimeMs: number): number {
  return lifetimeMs * (1 - RATE_ERROR)
}

/** Renewals are due at a third of the lease, so that two may be lost before the lease is. */
export function renewEveryMs(leaseMs: number): number {
  return leaseMs / 3
}

/** A member that has been silent for three renewals and a little is taken off the list. */
export function evictAfterMs(leaseMs: number): number {
  return renewEveryMs(leaseMs) * 3 + SAFETY_MARGIN_MS
}
