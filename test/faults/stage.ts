/**
 * A world for one file of tests, an operator, and a scenario for each test.
 */
import { expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll } from 'vitest'

import type { Holder } from './checking.ts'
import { Scenario, type Past } from './scenario.ts'
import { chanceOf, seedOfRun, type Chance } from './seed.ts'
import { startWorld, type World } from './world.ts'

export interface Stage {
  readonly world: World
  readonly chance: Chance
  scenario(options?: { readonly hasGlobalRevocations?: boolean }): Promise<Scenario>
}

/** Call it at the top of a file. */
export function useStage(): Stage {
  const seed = seedOfRun()
  const chance = chanceOf(seed)
  let world: World | undefined
  beforeAll(async () => {
    console.info(`faults: FAULTS_SEED=${seed}`)
    world = await startWorld()
  })
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })
  let latest: Scenario | undefined
  const started = (): World => {
    if (world === undefined) throw new Error('the world has not been started')
    return world
  }
  return {
    chance,
    get world() {
      return started()
    },
    scenario: async (options = {}) => {
      await started().system.untilReady()
      const past: Past = latest?.legacy ?? { ended: [], entries: [] }
      const operator = await logInOperator(started())
      latest = new Scenario({ ...options, world: started(), chance, operator, past })
      return latest
    },
  }
}

async function logInOperator({ system }: World): Promise<Holder> {
  const client = await system.login('operator')
  const { session } = await expectJson<{ session: Omit<Holder, 'token'> }>(await client.get('/session'), 200)
  return { ...session, token: client.token }
}
