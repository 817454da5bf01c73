/**
 * ④ ⑤ Changes as an operator makes them: at either replica, again at the other one until the outcome is known.
 * Promise: every try is noted; the tries of one revocation share their Idempotency-Key.
 */
import { randomUUID } from 'node:crypto'

import { call, type Answer } from './calls.ts'
import type { Holder } from './checking.ts'
import type { Change, ChangeAnswer, History, Scope } from './history.ts'
import type { Chance } from './seed.ts'
import { REPLICAS, type ReplicaName, type World } from './world.ts'

type Confirmed = Extract<ChangeAnswer, { state: 'confirmed' }>

export interface Made {
  readonly change: number
  /** Undefined: given up. */
  readonly confirmed: Confirmed | undefined
  /** A try was never answered, so the change may happen again. */
  readonly isOpen: boolean
  readonly tookMs: number
}

/** One request for a change, the same for each of its tries. */
interface Request {
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly json: object
  readonly headers?: Readonly<Record<string, string>>
}

/** More than W and the patience of a replica with its log together. */
const PATIENCE_MS = 6_000
const RETRY_PAUSE_MS = 100

let changes = 0

export class Operating {
  readonly #world: World
  readonly #history: History
  readonly #chance: Chance
  readonly operator: Holder

  constructor(parts: { world: World; history: History; chance: Chance; operator: Holder }) {
    this.#world = parts.world
    this.#history = parts.history
    this.#chance = parts.chance
    this.operator = parts.operator
  }

  /** `first`: where to begin; a random replica where absent. @param givesUp asked after each try */
  async revoke(scope: Scope, givesUp: () => boolean, first?: ReplicaName): Promise<Made> {
    const isWide = scope.type === 'global'
    const what: Change['what'] = {
      type: 'revocation',
      scope,
      ...(isWide && { spares: this.operator.id }),
    }
    return this.#make(what, givesUp, first, {
      method: 'POST',
      path: '/v1/revocations',
      json: { scope, reason: 'a fault test', ...(isWide && { except_current: true }) },
      headers: { 'idempotency-key': randomUUID() },
    })
  }

  async allow(
    { tenant, user }: Pick<Holder, 'tenant' | 'user'>,
    isGranted: boolean,
    through: 'grants' | 'role',
    givesUp: () => boolean,
  ): Promise<Made> {
    const permissions = isGranted ? ['documents:read'] : []
    const what = { type: 'permission', tenant, user, isGranted, through } as const
    return this.#make(what, givesUp, undefined, {
      method: 'PUT',
      ...(through === 'role'
        ? { path: `/v1/tenants/${tenant}/roles/${roleOf(user)}`, json: { permissions } }
        : { path: `/v1/subjects/${tenant}/${user}/grants`, json: { roles: [], permissions } }),
    })
  }

  /** Somebody who may read documents: by the grants of the user, or by a role of its own. */
  async introduce(user: Pick<Holder, 'tenant' | 'user'>, through: 'grants' | 'role', givesUp: () => boolean) {
    const granted = await this.allow(user, true, through, givesUp)
    if (through === 'grants' || granted.confirmed === undefined) return granted.confirmed !== undefined
    const answer = await call(this.#world.url(this.#chance.pick(REPLICAS)), {
      method: 'PUT',
      path: `/v1/subjects/${user.tenant}/${user.user}/grants`,
      authorization: `Bearer ${this.operator.token}`,
      json: { roles: [roleOf(user.user)], permissions: [] },
      patienceMs: PATIENCE_MS,
    })
    return changeAnswer(answer).state === 'confirmed'
  }

  async #make(
    what: Change['what'],
    givesUp: () => boolean,
    first: ReplicaName | undefined,
    request: Request,
  ): Promise<Made> {
    const change = (changes += 1)
    const startMs = performance.now()
    this.#history.add({ kind: 'change', change, startMs, what })
    let at = first ?? this.#chance.pick(REPLICAS)
    let isOpen = false
    for (;;) {
      const answer = await this.#try(change, at, request)
      isOpen ||= answer.state === 'none' || answer.state === 'unknown'
      const tookMs = performance.now() - startMs
      if (answer.state === 'confirmed') return { change, confirmed: answer, isOpen, tookMs }
      if (answer.state === 'refused' || givesUp()) return { change, confirmed: undefined, isOpen, tookMs }
      at = REPLICAS.find((other) => other !== at) ?? at
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS))
    }
  }

  async #try(change: number, at: ReplicaName, request: Request): Promise<ChangeAnswer> {
    const authorization = `Bearer ${this.operator.token}`
    const made = await call(this.#world.url(at), { ...request, authorization, patienceMs: PATIENCE_MS })
    const answer = changeAnswer(made)
    this.#history.add({ kind: 'try', change, at, answer, startMs: made.startMs, endMs: made.endMs })
    return answer
  }
}

function roleOf(user: string): string {
  return `role-of-${user}`
}

interface EffectBody {
  readonly state?: string
  readonly confirmed_by?: string
  readonly recorded?: boolean
  readonly verifiers?: { readonly lapsed: number }
}

function changeAnswer({ response }: Answer): ChangeAnswer {
  const status = response?.status
  if (response === undefined || status === undefined || status >= 500) return { state: 'none', status }
  const { state, confirmed_by: by = '', recorded = false, verifiers } = response.json as EffectBody
  if (status === 200 && state === 'confirmed') return { state, by, lapsed: verifiers?.lapsed ?? 0, recorded }
  if (status === 202 && (state === 'recorded' || state === 'unknown')) return { state }
  return { state: 'refused', status }
}
