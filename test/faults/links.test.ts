/**
 * Single links that are cut, silent in one direction or both, or slow: no process and no server is at fault.
 */
import { describe, expect, it } from 'vitest'

import { cut, silenced, slowed } from './acts.ts'
import { expectPromisesKept, type FaultPlan } from './scenario.ts'
import { useStage } from './stage.ts'
import { WAIT_MS, type ProcessName } from './world.ts'

const stage = useStage()
const LONGER_THAN_W = [1.3 * WAIT_MS, 2.2 * WAIT_MS] as const
const BOTH = ['to-server', 'to-client'] as const

/** What depends on nobody but itself suffers alone. */
function faultOf(process: ProcessName) {
  const affected = process.startsWith('session') ? 'all' : [process]
  return { dead: [], affected } as const
}

interface LinkPlan extends FaultPlan {
  readonly during: readonly [leastMs: number, mostMs: number]
}

/** Whoever is behind the link knows two guests who are ended meanwhile, at replicas that are not. */
async function expectPromisesKeptDuring(plan: LinkPlan): Promise<void> {
  const scenario = await stage.scenario()
  const { load } = scenario
  await expectPromisesKept(scenario, async () => {
    const guests = [await load.guest(), await load.guest()]
    const during = async (): Promise<void> => {
      const ended = guests.map(async ({ id: session }) => {
        const { confirmed } = await load.end({ type: 'session', session }, 'session-2')
        expect(confirmed).toBeDefined()
      })
      await Promise.all([scenario.pause(...plan.during), ...ended])
    }
    await scenario.fault({ ...plan, during })
  })
}

describe.each(['gateway-2', 'documents-2', 'session'] as const)('%s, whose link to NATS', (process) => {
  it('is silent both ways', async () => {
    await expectPromisesKeptDuring({
      name: `silent both ways: ${process}/nats`,
      ...faultOf(process),
      during: LONGER_THAN_W,
      ...silenced(stage.world, [process, 'nats'], BOTH, stage.chance.pick(['deliver', 'cut'])),
    })
  })

  it.each(BOTH)('is silent one way, %s', async (direction) => {
    await expectPromisesKeptDuring({
      name: `silent ${direction}: ${process}/nats`,
      ...faultOf(process),
      during: LONGER_THAN_W,
      ...silenced(stage.world, [process, 'nats'], [direction], 'deliver'),
    })
  })

  it('is cut', async () => {
    await expectPromisesKeptDuring({
      name: `cut: ${process}/nats`,
      ...faultOf(process),
      during: [500, 1.5 * WAIT_MS],
      ...cut(stage.world, process, 'nats'),
    })
  })
})

describe('a replica, whose link to Redis', () => {
  it('is cut', async () => {
    await expectPromisesKeptDuring({
      name: 'cut: session/redis',
      ...faultOf('session'),
      during: [500, 1.5 * WAIT_MS],
      ...cut(stage.world, 'session', 'redis'),
    })
  })

  it('is silent both ways', async () => {
    await expectPromisesKeptDuring({
      name: 'silent both ways: session/redis',
      ...faultOf('session'),
      during: LONGER_THAN_W,
      ...silenced(stage.world, ['session', 'redis'], BOTH, 'deliver'),
    })
  })
})

describe('a gateway, whose link to NATS', () => {
  it('is slow', async () => {
    await expectPromisesKeptDuring({
      name: 'slow: gateway/nats',
      ...faultOf('gateway'),
      during: LONGER_THAN_W,
      ...slowed(stage.world, ['gateway', 'nats'], stage.chance.between(20, 150)),
    })
  })
})
