/** Shares seeds among processes, one for each core, and listens to what they tell. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import type { Simulated } from './simulate.ts'

export interface Seeds {
  readonly from: number
  readonly to: number
}

export interface CrewOptions {
  readonly mutant?: string
  readonly isTraced?: boolean
  /** All stop when one has met a seed that breaks a promise. */
  readonly stopsAtFirst?: boolean
  readonly workers?: number
  readonly onSimulated: (simulated: Simulated) => void
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Resolves when all seeds have been simulated; rejects when a process fails otherwise than by a broken promise. */
export async function simulateAll({ from, to }: Seeds, options: CrewOptions): Promise<void> {
  const { workers = availableParallelism() } = options
  const count = Math.min(workers, to - from + 1)
  const stopping = new AbortController()
  const ranges = Array.from({ length: count }, (_, index) => [from + index, to, count])
  await Promise.all(ranges.map((range) => work(range, options, stopping)))
}

async function work(
  range: readonly number[],
  options: CrewOptions,
  stopping: AbortController,
): Promise<void> {
  const { mutant, isTraced, stopsAtFirst, onSimulated } = options
  const flags = [...(mutant === undefined ? [] : ['--mutant', mutant]), ...(isTraced ? ['--trace'] : [])]
  const child = spawn(process.execPath, [worker, ...range.map(String), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const stop = (): void => void child.kill()
  stopping.signal.addEventListener('abort', stop)
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    if (stopping.signal.aborted) break
    const simulated = JSON.parse(line) as Simulated
    onSimulated(simulated)
    if (stopsAtFirst === true && simulated.broken !== undefined) stopping.abort()
  }
  const code = await ended
  if (code !== 0 && !stopping.signal.aborted)
    throw new Error(`a process that simulates has ended with ${code}`)
}
