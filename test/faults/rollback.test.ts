/**
 * ⑤ A log that has gone back in time: everything stands still until somebody has repaired it, and nothing is believed.
 */
import { expect, it } from 'vitest'

import { expectPromisesKept, type Scenario } from './scenario.ts'
import { pidOf, proveDead } from './process-state.ts'
import { useStage } from './stage.ts'
import { copyStore, putBack } from './stores.ts'
import { GUARDS, REPLICAS, WAIT_MS, type ReplicaName, type World } from './world.ts'

const stage = useStage()

/** What a replica says of the log at /readyz; undefined when it says nothing. */
async function logDetail(world: World, replica: ReplicaName): Promise<string | undefined> {
  try {
    const response = await fetch(new URL('/readyz', world.process(replica).operationsUrl))
    const text = await response.text()
    return response.status === 503 ? text : undefined
  } catch {
    return undefined
  }
}

async function saysRolledBack(world: World, replica: ReplicaName): Promise<boolean> {
  return /frozen until an operator acts.*(rolled back|contradicted)/.test(
    (await logDetail(world, replica)) ?? '',
  )
}

async function expectFrozen(scenario: Scenario, world: World): Promise<void> {
  const { load } = scenario
  for (const replica of REPLICAS)
    await scenario.until(`${replica} says that the log went back`, () => saysRolledBack(world, replica))
  // Whatever leases there were have ended by now.
  await scenario.pause(WAIT_MS, WAIT_MS)
  const [bystander] = load.live
  if (bystander === undefined) throw new Error('nobody is logged in')
  for (const guard of GUARDS)
    expect(await load.checking.check(bystander, guard)).toMatchObject({ outcome: { status: 503 } })
  for (const replica of REPLICAS) {
    const scope = { type: 'user', tenant: 'nowhere', user: 'nobody' } as const
    expect((await load.operating.revoke(scope, () => true, replica)).confirmed).toBeUndefined()
  }
}

/** A replica that starts on such a log is told by Redis that there was more. */
async function expectNoNewReplicaIsReady(scenario: Scenario, world: World): Promise<void> {
  const replica = world.process('session-2')
  await replica.stop()
  let failure: unknown
  const starting = replica.restart().catch((error: unknown) => {
    failure = error
  })
  await scenario.until(
    'the new replica refuses to serve',
    async () => failure !== undefined || (await saysRolledBack(world, 'session-2')),
  )
  await replica.kill('SIGKILL')
  await starting
  expect(String(failure)).toMatch(/rolled back|LOG_ROLLED_BACK|ended before it was ready/)
}

it('an older NATS store freezes the system, which says so; with the newer one back, everything acknowledged holds', async () => {
  const scenario = await stage.scenario()
  const { world } = stage
  const { load } = scenario
  const { nats } = world.servers
  await expectPromisesKept(scenario, async () => {
    const ended = [await load.guest(), await load.guest()]
    const copy = await copyStore(world, 'nats')
    await scenario.untilServed()
    for (const [index, { id: session }] of ended.entries())
      expect((await load.end({ type: 'session', session }, REPLICAS[index])).confirmed).toBeDefined()
    const kept = { newer: '' }
    await scenario.fault({
      name: 'an older copy of the log is put back',
      dead: REPLICAS,
      affected: 'all',
      begin: async () => {
        const pid = pidOf({ name: 'nats', pid: nats.pid })
        await nats.kill('SIGKILL')
        const dead = proveDead('nats', pid)
        const { newer, proof } = putBack(world, 'nats', copy)
        kept.newer = newer
        await nats.restart()
        return `${dead}; ${proof}`
      },
      during: async () => {
        await expectFrozen(scenario, world)
        await expectNoNewReplicaIsReady(scenario, world)
        for (const holder of ended)
          for (const guard of GUARDS)
            expect(await load.checking.check(holder, guard)).not.toMatchObject({ outcome: 'admitted' })
      },
      end: async () => {
        // First: whatever copy of the log they find, they tell it that it is over.
        await Promise.all(REPLICAS.map((replica) => world.process(replica).stop()))
        await nats.kill('SIGKILL')
        putBack(world, 'nats', { directory: kept.newer })
        await nats.restart()
        await Promise.all(REPLICAS.map((replica) => world.process(replica).restart()))
      },
    })
  })
})
