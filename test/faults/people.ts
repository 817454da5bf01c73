/**
 * ① ④ Who has sessions during a fault test, and how they get them.
 * Promise: a login that is answered is in the history before anybody uses it.
 */
import { call, type Answer } from './calls.ts'
import type { Holder } from './checking.ts'
import type { History } from './history.ts'
import type { Chance } from './seed.ts'
import { REPLICAS, type World } from './world.ts'

/** Nobody but a global revocation touches these. */
const BYSTANDERS = ['alice', 'bob', 'carol'] as const
/** Users of a trusted backend, whose sessions end one way or another. */
export const VICTIMS = ['north', 'south'].flatMap((tenant) =>
  ['ann', 'ben', 'cat'].map((user) => ({ tenant, user })),
)
const PATIENCE_MS = 5_000

export class People {
  readonly #world: World
  readonly #history: History
  readonly #chance: Chance

  constructor(parts: { world: World; history: History; chance: Chance }) {
    this.#world = parts.world
    this.#history = parts.history
    this.#chance = parts.chance
  }

  async logInBystander(): Promise<Holder | undefined> {
    const { tenant, username, password } = this.#world.system.account(this.#chance.pick(BYSTANDERS))
    const gateway = this.#chance.pick(['gateway', 'gateway-2'] as const)
    return this.#noted(
      await call(this.#world.url(gateway), {
        method: 'POST',
        path: '/login',
        authorization: '',
        json: { tenant, username, password, client: 'api' },
        patienceMs: PATIENCE_MS,
      }),
    )
  }

  async begin({ tenant, user }: Pick<Holder, 'tenant' | 'user'>): Promise<Holder | undefined> {
    const [backend] = this.#world.system.clients
    if (backend === undefined) throw new Error('there is no trusted backend')
    return this.#noted(
      await call(this.#world.url(this.#chance.pick(REPLICAS)), {
        method: 'POST',
        path: '/v1/sessions',
        authorization: `Basic ${btoa(`${backend.id}:${backend.secret}`)}`,
        json: { tenant, user },
        patienceMs: PATIENCE_MS,
      }),
    )
  }

  #noted({ startMs, endMs, response }: Answer): Holder | undefined {
    if (response === undefined || response.status >= 300) return undefined
    const { token, session } = response.json as { token: string; session: Omit<Holder, 'token'> }
    const { id, tenant, user, client } = session
    this.#history.add({ kind: 'login', session: id, tenant, user, client, startMs, endMs })
    return { id, tenant, user, client, token }
  }
}
