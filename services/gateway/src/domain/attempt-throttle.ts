/**
 * ① How often somebody may try to prove who they are. Failures of strangers slow strangers down, by longer and longer waits up
 * to a bound, each address for itself; a device or session that is known to belong to the account has a lane of its own.
 * Promise: nobody, by whatever number of failures, keeps an owner out: not at a known device, whatever address it shares; at an
 * unknown one for no longer than the bound; and where the attack comes from the owner's own address every attempt still has its
 * chance, because beyond a limit the turn goes to one attempt by lot and not to the fastest.
 */
import type { Throttle, ThrottlePolicy, UsedUp } from '../ports.ts'
import type { AccountName } from './device-cookie.ts'
import type { Place } from './fair-queue.ts'

/** Where the attempts of a caller are counted, and what they share with others. */
export interface Lane {
  /** All attempts, whatever becomes of them. */
  readonly attempts: readonly string[]
  readonly failures: readonly string[]
  /** The keys that wait after failures. */
  readonly waiting: readonly string[]
  /** Whether others share it: some attempts beyond a limit are then let in by chance. */
  readonly isShared: boolean
  readonly place: Place
}

export interface AttemptThrottle {
  /** Undefined when the attempt may go on. */
  admit(lane: Lane): Promise<UsedUp | undefined>
  failed(lane: Lane): Promise<void>
}

export interface AttemptLimits {
  /** Attempts of one address, device or session, whatever becomes of them. */
  readonly perMinute: number
  /** Failures in one lane that nobody has to wait for. */
  readonly failuresFree: number
  /** About how many attempts beyond the limits are let in by chance, for one account in a minute; 0 for none. */
  readonly chancesPerMinute: number
}

const FAILURES_WINDOW_SECONDS = 900
/** One second, then twice as long with each further failure. */
const DOUBLINGS_MAX = 6
const WAIT_SECONDS_MAX = 60
/** More than anybody can send, so that what is left tells how many came. */
const COUNTED_MAX = 1_000_000_000

/** A browser that has logged in to this account before. */
export function deviceLane(account: AccountName, deviceId: string, address: string): Lane {
  const lane = ['device', account.tenant, account.username, deviceId]
  return laneOfOne(lane, { address, account: nameOf(account), isKnown: true })
}

/** Everybody else, programs included: failures are counted together, waits by address. */
export function strangerLane(account: AccountName, address: string): Lane {
  const lane = ['stranger', account.tenant, account.username]
  return {
    attempts: ['address', address],
    failures: lane,
    waiting: [...lane, address],
    isShared: true,
    place: { address, account: nameOf(account), isKnown: false },
  }
}

/** Who holds a session and has to show the password once more. */
export function sessionLane(account: AccountName, sessionId: string, address: string): Lane {
  return laneOfOne(['session', sessionId], { address, account: nameOf(account), isKnown: true })
}

function laneOfOne(lane: readonly string[], place: Place): Lane {
  return { attempts: lane, failures: lane, waiting: lane, isShared: false, place }
}

function nameOf({ tenant, username }: AccountName): string {
  return JSON.stringify([tenant, username])
}

/** @param random from 0 up to 1 */
export function createAttemptThrottle(
  throttle: Throttle,
  limits: AttemptLimits,
  random: () => number,
): AttemptThrottle {
  const { chancesPerMinute } = limits
  const attempts = { name: 'login', quota: limits.perMinute, windowSeconds: 60 }
  const failures = {
    name: 'login-failures',
    quota: limits.failuresFree + DOUBLINGS_MAX + 1,
    windowSeconds: FAILURES_WINDOW_SECONDS,
  }
  const late = { name: 'login-late', quota: COUNTED_MAX, windowSeconds: 60 }

  async function limitReached(lane: Lane): Promise<UsedUp | undefined> {
    const [attempt, failed] = await throttle.take([
      { policy: attempts, key: lane.attempts, cost: 1 },
      { policy: failures, key: lane.failures, cost: 0 },
    ])
    if (attempt === undefined || failed === undefined) throw new Error('the throttle has left out an answer')
    if (!attempt.allowed) return { policy: attempts, resetMs: attempt.resetMs }
    const beyond = failures.quota - failed.remaining - limits.failuresFree
    if (beyond <= 0) return undefined
    const policy = waitAfter(beyond)
    const [turn] = await throttle.take([{ policy, key: lane.waiting, cost: 1 }])
    return turn?.allowed === true ? undefined : { policy, resetMs: turn?.resetMs ?? 1_000 }
  }

  /**
   * The fastest sender would get every turn of a shared lane. The more have come beyond the same limit this minute, the smaller
   * the chance of each: of n late attempts about chances · ln(1 + n / chances) are let in, and an owner among them as likely as
   * anybody.
   * @param key of the limit: of the address, or else of the account
   */
  async function isLucky(key: readonly string[]): Promise<boolean> {
    const [counted] = await throttle.take([{ policy: late, key, cost: 1 }])
    const came = COUNTED_MAX - (counted?.remaining ?? 0)
    return random() < chancesPerMinute / (chancesPerMinute + came)
  }

  return {
    async admit(lane) {
      const usedUp = await limitReached(lane)
      if (usedUp === undefined || !lane.isShared || chancesPerMinute === 0) return usedUp
      const key = usedUp.policy === attempts ? lane.attempts : lane.failures
      return (await isLucky(key)) ? undefined : usedUp
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
