import { assert, array, asyncProperty, boolean, integer, record } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createFairQueue, type Place, type QueueLimits } from './fair-queue.ts'

const stranger = (address: string, account: string): Place => ({ address, account, isKnown: false })
const known = (address: string, account: string): Place => ({ address, account, isKnown: true })

/** Work that ends when the test says so. */
function stage(limits: QueueLimits) {
  const queue = createFairQueue(limits)
  const running: { name: string; end: () => void }[] = []
  const refused: string[] = []
  const begun: string[] = []
  async function ask(name: string, place: Place): Promise<void> {
    const done = await queue.run(place, () => {
      begun.push(name)
      return new Promise<true>((resolve) => running.push({ name, end: () => resolve(true) }))
    })
    if (done === undefined) refused.push(name)
  }
  /** Ends the work that has run for longest. */
  async function finishOne(): Promise<void> {
    await settled()
    running.shift()?.end()
    await settled()
  }
  return {
    queue,
    ask: (name: string, place: Place) => void ask(name, place),
    finishOne,
    running,
    refused,
    begun,
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('work that waits', () => {
  it('of one address waits behind one piece of each other address, however many those have sent', async () => {
    const { ask, finishOne, begun } = stage({ atOnce: 1, waitingMax: 100 })
    for (let count = 0; count < 20; count += 1) ask(`flood-${count}`, stranger('evil', `acme/u${count}`))
    for (let count = 0; count < 20; count += 1) ask(`other-${count}`, stranger('worse', `acme/u${count}`))
    ask('honest', stranger('home', 'acme/bob'))
    for (let count = 0; count < 8; count += 1) await finishOne()
    expect(begun).toContain('honest')
  })

  it('of one account waits behind few others, though they come from sixty addresses', async () => {
    const { ask, finishOne, begun } = stage({ atOnce: 1, waitingMax: 200 })
    for (let count = 0; count < 120; count += 1)
      ask(`flood-${count}`, stranger(`evil-${count % 60}`, 'acme/alice'))
    ask('honest', stranger('home', 'acme/bob'))
    for (let count = 0; count < 8; count += 1) await finishOne()
    expect(begun).toContain('honest')
  })

  it('of known devices comes first, and strangers still get their turns', async () => {
    const { ask, finishOne, begun } = stage({ atOnce: 1, waitingMax: 100 })
    ask('running', stranger('home', 'acme/carol'))
    for (let count = 0; count < 10; count += 1)
      ask(`stranger-${count}`, stranger(`far-${count}`, 'acme/alice'))
    for (let count = 0; count < 10; count += 1) ask(`known-${count}`, known('home', 'acme/alice'))
    for (let count = 0; count < 8; count += 1) await finishOne()
    await settled()
    expect(begun.filter((name) => name.startsWith('known'))).toHaveLength(6)
    expect(begun.filter((name) => name.startsWith('stranger'))).toHaveLength(2)
  })
})

describe('a queue that is full', () => {
  it('makes room for an address that has less in it than the busiest, which loses its latest', async () => {
    const { queue, ask, refused } = stage({ atOnce: 1, waitingMax: 4 })
    for (let count = 0; count < 5; count += 1) ask(`flood-${count}`, stranger('evil', 'acme/alice'))
    expect(queue.hasRoomFor(stranger('evil', 'acme/bob'))).toBe(false)
    expect(queue.hasRoomFor(stranger('home', 'acme/bob'))).toBe(true)
    ask('honest', stranger('home', 'acme/bob'))
    ask('flood-5', stranger('evil', 'acme/alice'))
    await settled()
    expect(refused.toSorted()).toEqual(['flood-4', 'flood-5'])
  })

  it('makes room for an account that few ask for, where every address has sent one thing', async () => {
    const { ask, refused } = stage({ atOnce: 1, waitingMax: 4 })
    for (let count = 0; count < 5; count += 1) ask(`flood-${count}`, stranger(`far-${count}`, 'acme/alice'))
    ask('honest', stranger('home', 'acme/bob'))
    await settled()
    expect(refused).toEqual(['flood-4'])
  })

  it('turns a newcomer away where each piece is of another address and another account, a known device not', async () => {
    const { ask, refused } = stage({ atOnce: 1, waitingMax: 4 })
    for (let count = 0; count < 5; count += 1)
      ask(`flood-${count}`, stranger(`far-${count}`, `acme/u${count}`))
    ask('newcomer', stranger('home', 'acme/bob'))
    ask('known', known('home', 'acme/bob'))
    await settled()
    expect(refused).toEqual(['newcomer', 'flood-4'])
  })

  it('makes room for known devices, which cannot take more than half of it from strangers', async () => {
    const { ask, refused } = stage({ atOnce: 1, waitingMax: 4 })
    for (let count = 0; count < 5; count += 1)
      ask(`stranger-${count}`, stranger(`far-${count}`, 'acme/alice'))
    for (let count = 0; count < 4; count += 1) ask(`known-${count}`, known('home', 'acme/alice'))
    await settled()
    expect(refused.toSorted()).toEqual(['known-2', 'known-3', 'stranger-3', 'stranger-4'])
  })

  it('serves an address again as before, once its flood is over', async () => {
    const { ask, finishOne, begun, refused } = stage({ atOnce: 1, waitingMax: 3 })
    for (let count = 0; count < 500; count += 1) {
      ask(`flood-${count}`, stranger('shared', 'acme/alice'))
      ask(`calm-${count}`, stranger(`calm-${count}`, 'acme/carol'))
    }
    for (let count = 0; count < 10; count += 1) await finishOne()
    refused.length = 0
    ask('running', stranger('home', 'acme/carol'))
    ask('later', stranger('shared', 'acme/bob'))
    for (let count = 0; count < 2; count += 1) ask(`other-${count}`, stranger('elsewhere', 'acme/dave'))
    for (let count = 0; count < 2; count += 1) await finishOne()
    expect(begun).toContain('later')
    expect(refused).toEqual([])
  })
})

it('whatever comes and ends in whatever order, all work is begun or refused once, within the bounds', async () => {
  const step = record({ ends: boolean(), lane: integer({ min: 0, max: 4 }), isKnown: boolean() })
  await assert(
    asyncProperty(array(step, { maxLength: 60 }), async (steps) => {
      const { ask, finishOne, running, refused, begun } = stage({ atOnce: 2, waitingMax: 3 })
      let asked = 0
      for (const { ends, lane, isKnown } of steps) {
        if (ends) await finishOne()
        else ask(`work-${(asked += 1)}`, { address: `a${lane}`, account: `u${lane % 2}`, isKnown })
        await settled()
        expect(running.length).toBeLessThanOrEqual(2)
        expect(asked - begun.length - refused.length).toBeLessThanOrEqual(3)
      }
      while (running.length > 0) await finishOne()
      expect(new Set([...begun, ...refused]).size).toBe(asked)
      expect(begun.length + refused.length).toBe(asked)
    }),
    { numRuns: 100 },
  )
})
