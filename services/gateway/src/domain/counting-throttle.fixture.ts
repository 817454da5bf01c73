/** The shared counters as they are promised to behave, with a clock that the test moves. */
import type { Throttle } from '../ports.ts'

export interface CountingThrottle extends Throttle {
  advance(ms: number): void
  readonly nowMs: () => number
  /** How often it has been asked. */
  readonly asked: () => number
}

export function countingThrottle(): CountingThrottle {
  const counters = new Map<string, { used: number; endsAt: number }>()
  let now = 0
  let asked = 0
  return {
    nowMs: () => now,
    asked: () => asked,
    advance: (ms) => (now += ms),
    take(takes) {
      asked += 1
      const taken = takes.map(({ policy, key, cost }) => {
        const name = JSON.stringify([policy.name, key])
        const known = counters.get(name)
        const counter =
          known !== undefined && known.endsAt > now
            ? known
            : { used: 0, endsAt: now + policy.windowSeconds * 1_000 }
        counter.used += cost
        if (counter.used > 0) counters.set(name, counter)
        return {
          allowed: counter.used <= policy.quota,
          remaining: Math.max(0, policy.quota - counter.used),
          resetMs: counter.endsAt - now,
        }
      })
      return Promise.resolve(taken)
    },
  }
}
