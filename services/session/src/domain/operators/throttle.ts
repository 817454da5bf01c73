/**
 * ④ How often something may be tried: counters in windows of fixed length.
 * Promise: of any number of replicas that take from one counter at once, all together get no more than the quota; who is
 * over it hears when to come again.
 */
export interface ThrottlePolicy {
  /** Names it in the answer, in metrics and in the store. */
  readonly name: string
  readonly limit: number
  readonly windowSeconds: number
}

export interface Taken {
  readonly allowed: boolean
  /** How many calls are left in the window. */
  readonly remaining: number
  /** Until the window ends and the quota is whole again. */
  readonly resetMs: number
  /** Of those that were refused in the window, the first. */
  readonly isFirstRefusal?: boolean
}

export interface Throttle {
  /** 1 is taken where no cost is given; 0 looks without counting. What is refused counts as well. */
  take(policy: ThrottlePolicy, key: string, cost?: number): Promise<Taken>
}
