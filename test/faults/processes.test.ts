/**
 * ① ③ ④ Processes that die, stand still and go on.
 */
import { describe, expect, it } from 'vitest'

import { killed, stopped } from './acts.ts'
import { ControlClock } from './control-clock.ts'
import { expectPromisesKept, type Scenario } from './scenario.ts'
import { useStage } from './stage.ts'
import { REPLICAS, SCHEDULING_MS, WAIT_MS, type ProcessName } from './world.ts'

const stage = useStage()

/** Nobody but the process itself depends on a guard; a replica that is silent is asked in vain before another one is. */
function affectedBy(name: ProcessName): readonly string[] | 'all' {
  return name.startsWith('session') ? 'all' : [name]
}

function faultOf(name: ProcessName, act: typeof killed | typeof stopped) {
  return {
    name: `${act.name} ${name}`,
    dead: [name],
    affected: affectedBy(name),
    ...act(name, stage.world.process(name)),
  }
}

describe.each(['gateway-2', 'documents', 'session'] as const)('%s', (name) => {
  it('is killed with -9 and started again', async () => {
    const scenario = await stage.scenario({ hasGlobalRevocations: true })
    await expectPromisesKept(scenario, () =>
      scenario.fault({ ...faultOf(name, killed), during: [300, 1_500] }),
    )
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

/** Without what the machine kept from the system. */
function elapsedMs({ history }: Scenario, sinceMs: number): number {
  const clock = new ControlClock(history.entries)
  const nowMs = performance.now()
  return clock.elapsedMs(sinceMs, nowMs) - clock.starvedMs(sinceMs, nowMs)
}

describe.each(['gateway-2', 'documents-2'] as const)('a revocation while %s', (name) => {
  it('stands still is confirmed after W at most, and holds at the very moment it goes on', async () => {
    const scenario = await stage.scenario()
    const { load } = scenario
    await expectPromisesKept(scenario, async () => {
      const guests = [await load.guest(), await load.guest()]
      const sent: Promise<unknown>[] = []
      const during = async (): Promise<void> => {
        for (const [index, { id: session }] of guests.entries()) {
          const sinceMs = performance.now()
          const { confirmed } = await load.end({ type: 'session', session }, REPLICAS[index])
          expect(confirmed).toMatchObject({ by: 'lease-expiry' })
          expect(confirmed?.lapsed).toBeGreaterThanOrEqual(1)
          expect(elapsedMs(scenario, sinceMs)).toBeLessThan(WAIT_MS + SCHEDULING_MS)
        }
        // They wait in its socket, and are the first that it sees when it goes on.
        for (let round = 0; round < 4; round += 1)
          for (const guest of guests) sent.push(load.checking.check(guest, name))
      }
      await scenario.fault({ ...faultOf(name, stopped), during })
      for (const check of await Promise.all(sent)) expect(check).not.toMatchObject({ outcome: 'admitted' })
    })
  })

  it('dies by kill -9 costs W at most, and no more once it has been taken off the list', async () => {
    const scenario = await stage.scenario()
    const { load } = scenario
    await expectPromisesKept(scenario, async () => {
      const guest = await load.guest()
      const during = async (): Promise<void> => {
        const sinceMs = performance.now()
        const { confirmed } = await load.end({ type: 'session', session: guest.id })
        expect(confirmed).toMatchObject({ by: 'lease-expiry' })
        expect(elapsedMs(scenario, sinceMs)).toBeLessThan(WAIT_MS + SCHEDULING_MS)
        await scenario.until('revocations are acknowledged by all again', async () => {
          const next = await load.end({ type: 'session', session: (await load.guest()).id })
          return next.confirmed?.by === 'acknowledgement'
        })
      }
      await scenario.fault({ ...faultOf(name, killed), during })
    })
  })

  it('is stopped in order is not slowed down, neither at that moment nor later', async () => {
    const scenario = await stage.scenario()
    const { load } = scenario
    await expectPromisesKept(scenario, async () => {
      const guests = [await load.guest(), await load.guest()]
      const process = stage.world.process(name)
      const { pid } = process
      const revoke = async (session: string | undefined): Promise<void> => {
        const { confirmed } = await load.end({ type: 'session', session: session ?? '' })
        expect(confirmed).toMatchObject({ by: 'acknowledgement', lapsed: 0 })
      }
      await scenario.fault({
        name: `SIGTERM ${name}`,
        dead: [name],
        affected: [name],
        begin: async () => {
          await Promise.all([process.stop(), revoke(guests[0]?.id)])
          return `${name} (${pid}) has ended: ${process.pid === undefined}`
        },
        during: () => revoke(guests[1]?.id),
        end: () => process.restart(),
      })
      expect(process.pid).not.toBe(pid)
    })
  })
})
