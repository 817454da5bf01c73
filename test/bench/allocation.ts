/** How much of the JavaScript heap an operation uses up; what a library allocates outside of it is not seen. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { collectYoungGarbage } from './garbage.ts'
import { median } from './statistics.ts'

const REPETITIONS = 9

/** Bytes for each operation. A collection in the middle would hide some, so that few are done at a time. */
export async function allocatedBytes(
  work: (operations: number) => void | Promise<void>,
  operations: number,
): Promise<number> {
  const samples: number[] = []
  for (let nth = 0; nth < REPETITIONS; nth += 1) {
    // Other work of this process must not wait for all of them.
    await nextTurn()
    collectYoungGarbage()
    const before = process.memoryUsage().heapUsed
    const done = work(operations)
    if (done !== undefined) await done
    samples.push((process.memoryUsage().heapUsed - before) / operations)
  }
  return Math.max(0, median(samples))
}
