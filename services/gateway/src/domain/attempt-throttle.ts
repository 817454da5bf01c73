/**
 * ① How often somebody may try to prove who they are. Failures of strangers slow strangers down, by longer and longer waits up
 * to a bound, each address for itself; a device or session that is known to belong to the account has a lane of its own.
 * Promise: nobody, by whatever number of failures, keeps an owner out: not at a known device, and at an unknown one for no
 * longer than the bound, unless the attack comes from the owner's own address.
 */
import type { Throttle, ThrottlePolicy, UsedUp } from '../ports.ts'
import type { AccountName } from './device-cookie.ts'

/** Where failures of one kind are counted, and for whom the wait that follows from them counts. */
export interface Lane {
  readonly failures: readonly string[]
  readonly waiting: readonly string[]
}

export interface AttemptThrottle {
  /** Undefined when the attempt may go on. */
  admit(address: string, lane: Lane): Promise<UsedUp | undefined>
  failed(lane: Lane): Promise<void>
}

export interface AttemptLimits {
  /** Attempts of one address, whatever becomes of them. */
  readonly perAddressAndMinute: number
  /** Failures in one lane that nobody has to wait for. */
  readonly failuresFree: number
}

const FAILURES_WINDOW_SECONDS = 900
/** One second, then twice as long with each further failure. */
const DOUBLINGS_MAX = 6
const WAIT_SECONDS_MAX = 60

/** A browser that has logged in to this account before. */
export function deviceLane({ tenant, username }: AccountName, deviceId: string): Lane {
  const lane = ['device', tenant, username, deviceId]
  return { failures: lane, waiting: lane }
}

/** Everybody else, programs included: failures are counted together, waits by address. */
export function strangerLane({ tenant, username }: AccountName, address: string): Lane {
  return { failures: ['stranger', tenant, username], waiting: ['stranger', tenant, username, address] }
}

/** Who holds a session and has to show the password once more. */
export function sessionLane(sessionId: string): Lane {
  return { failures: ['session', sessionId], waiting: ['session', sessionId] }
}

export function createAttemptThrottle(throttle: Throttle, limits: AttemptLimits): AttemptThrottle {
  const attempts = { name: 'login', quota: limits.perAddressAndMinute, windowSeconds: 60 }
  const failures = {
    name: 'login-failures',
    quota: limits.failuresFree + DOUBLINGS_MAX + 1,
    windowSeconds: FAILURES_WINDOW_SECONDS,
  }

  return {
    async admit(address, lane) {
      const [attempt, failed] = await throttle.take([
        { policy: attempts, key: ['address', address], cost: 1 },
        { policy: failures, key: lane.failures, cost: 0 },
      ])
      if (attempt === undefined || failed === undefined)
        throw new Error('the throttle has left out an answer')
      if (!attempt.allowed) return { policy: attempts, resetMs: attempt.resetMs }
      const beyond = failures.quota - failed.remaining - limits.failuresFree
      if (beyond <= 0) return undefined
      const policy = waitAfter(beyond)
      const [turn] = await throttle.take([{ policy, key: lane.waiting, cost: 1 }])
      return turn?.allowed === true ? undefined : { policy, resetMs: turn?.resetMs ?? 1_000 }
    },
    async failed(lane) {
      await throttle.take([{ policy: failures, key: lane.failures, cost: 1 }])
    },
  }
}

/** One attempt, then a wait. */
function waitAfter(failuresBeyond: number): ThrottlePolicy {
  const seconds = Math.min(2 ** Math.min(failuresBeyond - 1, DOUBLINGS_MAX), WAIT_SECONDS_MAX)
  return { name: 'login-wait', quota: 1, windowSeconds: seconds }
}
