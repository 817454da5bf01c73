/**
 * ② Shows a session at a guard, or asks a replica about it, and notes the outcome.
 */
import { call, outcomeOf, relayTokenOf } from './calls.ts'
import type { Check, History, Outcome } from './history.ts'
import type { GuardName, ReplicaName, World } from './world.ts'

export interface Holder {
  readonly id: string
  readonly tenant: string
  readonly user: string
  readonly client: string
  readonly token: string
}

/** Longer than any fault: what was sent to a stopped process is answered when it goes on. */
const PATIENCE_MS = 15_000
/** Past the guard there is no such document, and nobody needs Redis to know that. */
const GUARDED_DOCUMENT = 'documents/none'

export class Checking {
  readonly #world: World
  readonly #history: History

  constructor(world: World, history: History) {
    this.#world = world
    this.#history = history
  }

  /** `isFar`: a gateway is asked for what the documents service behind it guards once more. */
  async check(
    holder: Holder,
    at: GuardName,
    how: { isFar?: boolean; isFinal?: boolean } = {},
  ): Promise<Check> {
    const { isFar = false, isFinal = false } = how
    const isGateway = at.startsWith('gateway')
    const path = isGateway ? (isFar ? `/api/${GUARDED_DOCUMENT}` : '/session') : `/${GUARDED_DOCUMENT}`
    const answer = await call(this.#world.url(at), {
      path,
      authorization: `Bearer ${isGateway ? holder.token : relayTokenOf(holder.token)}`,
      patienceMs: PATIENCE_MS,
    })
    const outcome = outcomeOf(answer, (status) => status === (path === '/session' ? 200 : 404))
    const needs = path === '/session' ? 'nothing' : 'documents:read'
    // Gateways are configured with the first of the documents processes.
    return this.#noted(holder, {
      ...answer,
      outcome,
      needs,
      isFinal,
      at: isGateway && isFar ? [at, 'documents'] : [at],
    })
  }

  /** What a replica itself says of the session, when all is repaired. */
  async ask(holder: Holder, at: ReplicaName, operator: Holder): Promise<Check> {
    const answer = await call(this.#world.url(at), {
      path: `/v1/sessions/${holder.id}`,
      authorization: `Bearer ${operator.token}`,
      patienceMs: PATIENCE_MS,
    })
    const outcome = outcomeOf(answer, (status) => status === 200)
    return this.#noted(holder, { ...answer, outcome, needs: 'nothing', isFinal: true, at: [at] })
  }

  #noted(
    { id: session }: Holder,
    { startMs, endMs, at, needs, isFinal, outcome }: Omit<Check, 'kind' | 'session'> & { outcome: Outcome },
  ): Check {
    const isVerdict = outcome === 'admitted' || (outcome !== 'unreachable' && outcome.status !== 503)
    const check: Check = {
      kind: 'check',
      session,
      at,
      needs,
      isFinal: isFinal && isVerdict,
      outcome,
      startMs,
      endMs,
    }
    this.#history.add(check)
    return check
  }
}
