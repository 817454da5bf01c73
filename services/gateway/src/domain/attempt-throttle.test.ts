import { describe, expect, it } from 'vitest'

import {
  createAttemptThrottle,
  deviceLane,
  sessionLane,
  strangerLane,
  type Lane,
} from './attempt-throttle.ts'
import { countingThrottle } from './counting-throttle.fixture.ts'

const alice = { tenant: 'acme', username: 'alice' }
const [home, office, botnet] = ['192.0.2.1/32', '198.51.100.1/32', '203.0.113.1/32']

function setUp() {
  const throttle = countingThrottle()
  const attempts = createAttemptThrottle(throttle, { perAddressAndMinute: 1_000, failuresFree: 3 })
  const fail = async (address: string, lane: Lane): Promise<number | undefined> => {
    const usedUp = await attempts.admit(address, lane)
    if (usedUp !== undefined) return usedUp.resetMs
    await attempts.failed(lane)
    return undefined
  }
  return { throttle, attempts, fail }
}

describe('attempts to log in', () => {
  it('are as many as one likes while they succeed', async () => {
    const { attempts } = setUp()
    for (let count = 0; count < 500; count += 1)
      expect(await attempts.admit(home, strangerLane(alice, home))).toBeUndefined()
  })

  it('of one address, whatever account they are for, are limited, and those of another are not', async () => {
    const attempts = createAttemptThrottle(countingThrottle(), { perAddressAndMinute: 5, failuresFree: 3 })
    const refusals = []
    for (let count = 0; count < 7; count += 1)
      refusals.push(
        await attempts.admit(home, strangerLane({ tenant: 'acme', username: `user-${count}` }, home)),
      )
    expect(refusals.map((refusal) => refusal?.policy.name)).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
      'login',
      'login',
    ])
    expect(await attempts.admit(office, strangerLane(alice, office))).toBeUndefined()
  })

  it('that fail are slowed down more and more, up to a minute', async () => {
    const { throttle, fail } = setUp()
    const lane = strangerLane(alice, botnet)
    for (let count = 0; count < 3; count += 1) expect(await fail(botnet, lane)).toBeUndefined()
    // The next one of each address is let in at once; then the wait follows.
    const waits: number[] = []
    for (let count = 0; count < 9; count += 1) {
      const waitMs = (await fail(botnet, lane)) ?? 0
      waits.push(waitMs)
      throttle.advance(waitMs)
    }
    expect(waits.filter((wait) => wait > 0)).not.toEqual([])
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000)
    expect([await fail(botnet, lane), await fail(botnet, lane)].at(-1)).toBeGreaterThan(10_000)
  })

  it('start afresh some time after the failures', async () => {
    const { throttle, fail } = setUp()
    const lane = strangerLane(alice, botnet)
    for (let count = 0; count < 20; count += 1) await fail(botnet, lane)
    throttle.advance(15 * 60_000 + 1)
    for (let count = 0; count < 3; count += 1) expect(await fail(botnet, lane)).toBeUndefined()
  })
})

describe('an owner whose account is under attack from thousands of addresses', () => {
  async function attack() {
    const set = setUp()
    for (let count = 0; count < 2_000; count += 1) {
      const address = `203.0.${count >> 8}.${count & 255}/32`
      await set.fail(address, strangerLane(alice, address))
    }
    return set
  }

  it('notices nothing at a device that is known', async () => {
    const { attempts } = await attack()
    for (let count = 0; count < 10; count += 1)
      expect(await attempts.admit(home, deviceLane(alice, 'known'))).toBeUndefined()
  })

  it('gets in at once from an address of their own, at a device that is not known', async () => {
    const { attempts } = await attack()
    expect(await attempts.admit(home, strangerLane(alice, home))).toBeUndefined()
  })

  it('and mistypes there waits no longer than a minute', async () => {
    const { throttle, attempts, fail } = await attack()
    const lane = strangerLane(alice, home)
    expect(await fail(home, lane)).toBeUndefined()
    expect(await fail(home, lane)).toBeLessThanOrEqual(60_000)
    throttle.advance(60_000)
    expect(await attempts.admit(home, lane)).toBeUndefined()
  })

  it('can still change the password in a session, and mistypes there on their own account', async () => {
    const { attempts, fail } = await attack()
    expect(await attempts.admit(home, sessionLane('session-1'))).toBeUndefined()
    for (let count = 0; count < 5; count += 1) await fail(home, sessionLane('session-2'))
    expect(await fail(home, sessionLane('session-2'))).toBeGreaterThan(0)
    expect(await attempts.admit(home, sessionLane('session-1'))).toBeUndefined()
  })

  it('is not mistaken for another of the same name elsewhere', async () => {
    const { fail } = await attack()
    const elsewhere = strangerLane({ tenant: 'globex', username: 'alice' }, botnet)
    for (let count = 0; count < 3; count += 1) expect(await fail(botnet, elsewhere)).toBeUndefined()
  })
})

it('a device that fails too often waits like anybody, and slows down no other', async () => {
  const { attempts, fail } = setUp()
  const stolen = deviceLane(alice, 'stolen')
  for (let count = 0; count < 5; count += 1) await fail(botnet, stolen)
  expect(await fail(botnet, stolen)).toBeGreaterThan(0)
  expect(await attempts.admit(home, deviceLane(alice, 'known'))).toBeUndefined()
  expect(await attempts.admit(office, strangerLane(alice, office))).toBeUndefined()
})
