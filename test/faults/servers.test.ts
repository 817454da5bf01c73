/**
 * ⑤ NATS and Redis die, stand still and come back, also as they were some time ago.
 */
import { describe, expect, it } from 'vitest'

import { killed, stopped } from './acts.ts'
import { statusOf } from './evidence.ts'
import { proveDead } from './process-state.ts'
import { expectPromisesKept } from './scenario.ts'
import { useStage } from './stage.ts'
import { copyStore, putBack, type StoreCopy } from './stores.ts'
import { GUARDS, WAIT_MS, type ServerName } from './world.ts'

const stage = useStage()

function faultOf(name: ServerName, act: typeof killed | typeof stopped) {
  return {
    name: `${act.name} ${name}`,
    dead: [],
    affected: 'all',
    ...act(name, stage.world.servers[name]),
  } as const
}

describe.each(['nats', 'redis'] as const)('%s', (name) => {
  it('is killed with -9 and started again, at once and later', async () => {
    const scenario = await stage.scenario({ hasGlobalRevocations: true })
    await expectPromisesKept(scenario, async () => {
      await scenario.fault({ ...faultOf(name, killed), during: [0, 200] })
      await scenario.untilServed()
      await scenario.fault({ ...faultOf(name, killed), during: [WAIT_MS, 1.8 * WAIT_MS] })
    })
  })

  it('stands still for less than W, and for more', async () => {
    const scenario = await stage.scenario()
    await expectPromisesKept(scenario, async () => {
      await scenario.fault({ ...faultOf(name, stopped), during: [200, 0.8 * WAIT_MS] })
      await scenario.untilServed()
      await scenario.fault({ ...faultOf(name, stopped), during: [1.1 * WAIT_MS, 1.8 * WAIT_MS] })
    })
  })
})

describe('while Redis is down', () => {
  it('those who are known go on, and revocations are confirmed all the same', async () => {
    const scenario = await stage.scenario()
    const { load } = scenario
    await expectPromisesKept(scenario, async () => {
      const [known, ended] = [await load.guest(), await load.guest()]
      const during = async (): Promise<void> => {
        const { confirmed } = await load.end({ type: 'session', session: ended.id })
        expect(confirmed).toMatchObject({ by: 'acknowledgement', recorded: false })
        // Far beyond the lease that they were remembered under.
        const untilMs = performance.now() + 2 * WAIT_MS
        while (performance.now() < untilMs)
          for (const guard of GUARDS)
            for (const holder of [known, ended]) await load.checking.check(holder, guard)
      }
      await scenario.fault({ ...faultOf('redis', killed), during }, { spared: [known.id] })
    })
  })
})

describe('an older Redis', () => {
  it('is brought up to date before it is believed: what was acknowledged in between holds', async () => {
    const scenario = await stage.scenario()
    const { load, world } = scenario
    await expectPromisesKept(scenario, async () => {
      const [ended, open] = [await load.guest(), await load.guest()]
      const copy: StoreCopy = await copyStore(world, 'redis')
      await scenario.untilServed()
      const late = await load.guest()
      const { confirmed } = await load.end({ type: 'session', session: ended.id })
      expect(confirmed).toBeDefined()
      const { redis } = world.servers
      const pid = Number(redis.pid)
      await scenario.fault(
        {
          name: 'an older copy of Redis is put back',
          dead: [],
          affected: 'all',
          begin: async () => {
            await redis.kill('SIGKILL')
            const dead = proveDead('redis', pid)
            const { proof } = putBack(world, 'redis', copy)
            load.forgetSince(copy.takenMs)
            return `${dead}; ${proof}`
          },
          during: [0, WAIT_MS],
          end: () => redis.restart(),
        },
        { sessionsLostSinceMs: copy.takenMs },
      )
      await scenario.untilServed()
      load.forgetSince(copy.takenMs)
      const { operator } = load.operating
      // Others may have served everybody: the replica that is asked notices with its own first look at Redis, and says 503.
      await scenario.until(
        'this replica has noticed and caught up',
        async () => statusOf(await load.checking.ask(open, 'session', operator)) !== 503,
      )
      // Who logged in after the copy is unknown: it is the older one that answers.
      expect(await load.checking.ask(late, 'session', operator)).toMatchObject({ outcome: { status: 404 } })
      expect(await load.checking.ask(open, 'session', operator)).toMatchObject({ outcome: 'admitted' })
      expect(await load.checking.ask(ended, 'session', operator)).toMatchObject({ outcome: { status: 404 } })
    })
  })
})
