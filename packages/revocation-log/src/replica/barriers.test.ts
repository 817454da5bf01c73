import { formatPosition } from '@curfew/contracts'
import { beforeEach, describe, expect, it } from 'vitest'

import { begin, gateway, join, now, scene } from '../membership/coordinator.fixture.ts'
import { Barriers } from './barriers.ts'

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

beforeEach(begin)

/** Answers are awaited as long as the barrier takes; `stored` happens in between. */
async function renewed(follows: () => boolean): Promise<unknown> {
  join(gateway)
  // The barrier.
  scene.seq += 1
  scene.coordinator.reached(scene.seq, now())
  const barriers = new Barriers({
    coordinator: scene.coordinator,
    clock: now,
    logger,
    // Stored before the connection was lost, and acknowledged again after it was back.
    publish: async () => ({ kind: 'stored', position: formatPosition(1, scene.seq), duplicate: true }),
    waitFor: async () => true,
    follows,
  })
  const answer = barriers.renew(gateway).catch((error: Error) => error.message)
  await barriers.publish()
  barriers.close()
  return answer
}

describe('Barriers', () => {
  it('grant when the barrier is stored and has been read back', async () => {
    expect(await renewed(() => true)).toMatchObject({ outcome: 'granted', barrier: scene.seq })
  })

  it('grant nothing while the log is not followed, though nobody has noticed before the barrier was stored', async () => {
    expect(await renewed(() => false)).toBe('no lease can be granted now')
  })
})
