/**
 * ④ ⑤ How many verifiers a service may have, and how fast they may come.
 * Promise: a service that joins without end costs the others neither room in the log nor more than one wait for its silence;
 * a whole fleet that starts at once is let in at once.
 */
import type { JOIN, Member, MemberId } from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'
import type { Static } from 'typebox'

export interface MemberLimits {
  /** Verifiers of one service at once; also how many of it may join in one moment. */
  readonly perService: number
  /** Of one service, in the long run: each leaves an entry in the log. */
  readonly joinsPerMinute: number
}

export const MEMBER_LIMITS: MemberLimits = { perService: 512, joinsPerMinute: 120 }

export type JoinRefusal = Extract<Static<typeof JOIN.answer>, { refused: unknown }>

export interface RefusedJoin {
  readonly service: string
  readonly reason: JoinRefusal['refused']
  /** Of this service, for this reason, in a minute. */
  readonly isFirst: boolean
}

/** The joins that a service has left at `atMs`. They grow with time, up to a fleet. */
interface Allowance {
  joins: number
  atMs: number
}

const MINUTE_MS = 60_000
/** Members that are gone are evicted within the length of a lease. */
const FULL_RETRY_MS = 2_000

export class MemberAdmission {
  readonly #limits: MemberLimits
  readonly #allowances = new Map<string, Allowance>()
  /** Members that this replica has admitted and not seen in the log yet. */
  readonly #underWay = new Map<MemberId, string>()
  readonly #toldAtMs = new Map<string, number>()

  constructor(limits: MemberLimits) {
    this.#limits = limits
  }

  /** @param present how many verifiers its service has by now. @returns undefined when it may join */
  ask({ member, service }: Member, present: number, { monotonicMs }: Instant): JoinRefusal | undefined {
    const { perService, joinsPerMinute } = this.#limits
    if (present + this.#underWayOf(service) >= perService)
      return { refused: 'too-many-members', retryAfterMs: FULL_RETRY_MS }
    const allowance = this.#allowanceOf(service, monotonicMs)
    if (allowance.joins < 1) {
      const retryAfterMs = Math.ceil(((1 - allowance.joins) * MINUTE_MS) / joinsPerMinute)
      return { refused: 'too-many-joins', retryAfterMs }
    }
    allowance.joins -= 1
    this.#underWay.set(member, service)
    return undefined
  }

  /** It is in the log, or will not be. */
  settled(member: MemberId): void {
    this.#underWay.delete(member)
  }

  /** The log says that it has joined: another replica may have let it in. */
  joined({ member, service }: Member, { monotonicMs }: Instant): void {
    if (this.#underWay.has(member)) return
    const allowance = this.#allowanceOf(service, monotonicMs)
    allowance.joins = Math.max(0, allowance.joins - 1)
  }

  refusal(service: string, reason: JoinRefusal['refused'], { monotonicMs }: Instant): RefusedJoin {
    const key = `${reason} ${service}`
    const isFirst = monotonicMs - (this.#toldAtMs.get(key) ?? -Infinity) >= MINUTE_MS
    if (isFirst) this.#toldAtMs.set(key, monotonicMs)
    return { service, reason, isFirst }
  }

  #underWayOf(service: string): number {
    let count = 0
    for (const each of this.#underWay.values()) if (each === service) count += 1
    return count
  }

  #allowanceOf(service: string, nowMs: number): Allowance {
    const { perService, joinsPerMinute } = this.#limits
    const known = this.#allowances.get(service) ?? { joins: perService, atMs: nowMs }
    const grown = ((nowMs - known.atMs) * joinsPerMinute) / MINUTE_MS
    known.joins = Math.min(perService, known.joins + grown)
    known.atMs = nowMs
    this.#allowances.set(service, known)
    return known
  }
}
