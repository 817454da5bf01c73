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
const LIMITS = { failuresFree: 3, chancesPerMinute: 30 }
const unlucky = (): number => 1
const [home, office, botnet] = ['192.0.2.1/32', '198.51.100.1/32', '203.0.113.1/32']

function setUp() {
  const throttle = countingThrottle()
  const attempts = createAttemptThrottle(throttle, { ...LIMITS, perMinute: 1_000 }, unlucky)
  const fail = async (lane: Lane): Promise<number | undefined> => {
    const usedUp = await attempts.admit(lane)
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
      expect(await attempts.admit(strangerLane(alice, home))).toBeUndefined()
  })

  it('of one address, whatever account they are for, are limited, and those of another are not', async () => {
    const attempts = createAttemptThrottle(countingThrottle(), { ...LIMITS, perMinute: 5 }, unlucky)
    const refusals = []
    for (let count = 0; count < 7; count += 1)
      refusals.push(await attempts.admit(strangerLane({ tenant: 'acme', username: `user-${count}` }, home)))
    expect(refusals.map((refusal) => refusal?.policy.name)).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
      'login',
      'login',
    ])
    expect(await attempts.admit(strangerLane(alice, office))).toBeUndefined()
  })

  it('that fail are slowed down more and more, up to a minute', async () => {
    const { throttle, fail } = setUp()
    const lane = strangerLane(alice, botnet)
    for (let count = 0; count < 3; count += 1) expect(await fail(lane)).toBeUndefined()
    // The next one of each address is let in at once; then the wait follows.
    const waits: number[] = []
    for (let count = 0; count < 9; count += 1) {
      const waitMs = (await fail(lane)) ?? 0
      waits.push(waitMs)
      throttle.advance(waitMs)
    }
    expect(waits.filter((wait) => wait > 0)).not.toEqual([])
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000)
    expect([await fail(lane), await fail(lane)].at(-1)).toBeGreaterThan(10_000)
  })

  it('start afresh some time after the failures', async () => {
    const { throttle, fail } = setUp()
    const lane = strangerLane(alice, botnet)
    for (let count = 0; count < 20; count += 1) await fail(lane)
    throttle.advance(15 * 60_000 + 1)
    for (let count = 0; count < 3; count += 1) expect(await fail(lane)).toBeUndefined()
  })
})

describe('an owner whose account is under attack from thousands of addresses', () => {
  async function attack() {
    const set = setUp()
    for (let count = 0; count < 2_000; count += 1) {
      const address = `203.0.${count >> 8}.${count & 255}/32`
      await set.fail(strangerLane(alice, address))
    }
    return set
  }

  it('notices nothing at a device that is known', async () => {
    const { attempts } = await attack()
    for (let count = 0; count < 10; count += 1)
      expect(await attempts.admit(deviceLane(alice, 'known', home))).toBeUndefined()
  })

  it('gets in at once from an address of their own, at a device that is not known', async () => {
    const { attempts } = await attack()
    expect(await attempts.admit(strangerLane(alice, home))).toBeUndefined()
  })

  it('and mistypes there waits no longer than a minute', async () => {
    const { throttle, attempts, fail } = await attack()
    const lane = strangerLane(alice, home)
    expect(await fail(lane)).toBeUndefined()
    expect(await fail(lane)).toBeLessThanOrEqual(60_000)
    throttle.advance(60_000)
    expect(await attempts.admit(lane)).toBeUndefined()
  })

  it('can still change the password in a session, and mistypes there on their own account', async () => {
    const { attempts, fail } = await attack()
    expect(await attempts.admit(sessionLane(alice, 'session-1', home))).toBeUndefined()
    for (let count = 0; count < 5; count += 1) await fail(sessionLane(alice, 'session-2', home))
    expect(await fail(sessionLane(alice, 'session-2', home))).toBeGreaterThan(0)
    expect(await attempts.admit(sessionLane(alice, 'session-1', home))).toBeUndefined()
  })

  it('is not mistaken for another of the same name elsewhere', async () => {
    const { fail } = await attack()
    const elsewhere = strangerLane({ tenant: 'globex', username: 'alice' }, botnet)
    for (let count = 0; count < 3; count += 1) expect(await fail(elsewhere)).toBeUndefined()
  })
})

it('a device that fails too often waits like anybody, and slows down no other', async () => {
  const { attempts, fail } = setUp()
  const stolen = deviceLane(alice, 'stolen', botnet)
  for (let count = 0; count < 5; count += 1) await fail(stolen)
  expect(await fail(stolen)).toBeGreaterThan(0)
  expect(await attempts.admit(deviceLane(alice, 'known', home))).toBeUndefined()
  expect(await attempts.admit(strangerLane(alice, office))).toBeUndefined()
})

describe('an owner behind the very address that somebody attacks from', () => {
  /** A minute at almost two attempts a second, which takes every turn. @returns how many of them were let in */
  async function attack(random: () => number, attemptsPerSecond = 1.7) {
    const throttle = countingThrottle()
    const attempts = createAttemptThrottle(throttle, { ...LIMITS, perMinute: 120 }, random)
    const lane = strangerLane(alice, botnet)
    const step = async (): Promise<boolean> => {
      const isIn = (await attempts.admit(lane)) === undefined
      if (isIn) await attempts.failed(lane)
      throttle.advance(1_000 / attemptsPerSecond)
      return isIn
    }
    let admitted = 0
    for (let count = 0; count < 60 * attemptsPerSecond; count += 1) admitted += (await step()) ? 1 : 0
    return { attempts, step, admitted }
  }

  /** Values spread evenly over [0, 1): a fair lot without chance in the test. */
  function evenly(): () => number {
    let value = 0
    return () => (value = (value + 0.618_033_988_75) % 1)
  }

  it('gets in at a known device and in a session as if nobody were there, also beyond the limit of the address', async () => {
    const { attempts } = await attack(unlucky, 10)
    for (let count = 0; count < 50; count += 1) {
      expect(await attempts.admit(deviceLane(alice, 'known', botnet))).toBeUndefined()
      expect(await attempts.admit(sessionLane(alice, 'session-1', botnet))).toBeUndefined()
    }
  })

  it.each([1.7, 10])(
    'gets in with the right password at an unknown device after some attempts, at %d wrong ones a second',
    async (attemptsPerSecond) => {
      const { attempts, step } = await attack(evenly(), attemptsPerSecond)
      let tries = 0
      for (let isIn = false; !isIn; tries += 1) {
        for (let count = 0; count < 3; count += 1) await step()
        isIn = (await attempts.admit(strangerLane(alice, botnet))) === undefined
      }
      expect(tries).toBeLessThan(25)
    },
  )

  it('makes few guesses beyond the limit of the address, however many accounts they are spread over', async () => {
    const throttle = countingThrottle()
    const attempts = createAttemptThrottle(throttle, { ...LIMITS, perMinute: 120 }, evenly())
    const [within, beyond] = [120, 300]
    let admitted = 0
    for (let count = 0; count < within + beyond; count += 1) {
      const account = { tenant: 'acme', username: `user-${count}` }
      if ((await attempts.admit(strangerLane(account, botnet))) === undefined) admitted += 1
    }
    const chances = LIMITS.chancesPerMinute * Math.log(1 + beyond / LIMITS.chancesPerMinute)
    expect(admitted).toBeGreaterThan(within)
    expect(admitted).toBeLessThan(within + 1.5 * chances)
  })

  it.each([1.7, 10, 100])('who shares it makes few guesses, at %d attempts a second', async (perSecond) => {
    const { admitted } = await attack(evenly(), perSecond)
    const chances = LIMITS.chancesPerMinute * Math.log(1 + (60 * perSecond) / LIMITS.chancesPerMinute)
    // The free failures, the turns of the first minute, and the attempts let in by chance.
    expect(admitted).toBeLessThan(LIMITS.failuresFree + 7 + 1.5 * chances)
  })
})
