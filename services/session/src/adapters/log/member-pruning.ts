/**
 * ④ ⑤ Forgets members that are long gone, in memory and in Redis, for as long as the process lives.
 * Promise: what a crash-looping service leaves behind does not grow for ever; every replica may do it at any time.
 */
import type { WideFact } from '../../domain/log/facts.ts'
import type { LogView } from '../../domain/log/log-view.ts'
import type { Clock } from '../../domain/log/ports.ts'
import { goneMembers } from './gone-members.ts'

export interface PruningOptions {
  readonly view: LogView
  readonly clock: Clock
  readonly epoch: () => number
  /** Removes each of them if it is still what is stored. */
  readonly forget: (facts: readonly WideFact[]) => Promise<void>
  readonly onFailure: (err: unknown) => void
}

const EVERY_MS = 3_600_000
const AT_ONCE = 500

export class MemberPruning {
  readonly #options: PruningOptions
  readonly #timer: NodeJS.Timeout

  constructor(options: PruningOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.run(), EVERY_MS)
    this.#timer.unref()
  }

  async run(): Promise<void> {
    const { view, clock, epoch, forget, onFailure } = this.#options
    const gone = goneMembers(view.wide.members, epoch(), clock.nowMs())
    try {
      for (let from = 0; from < gone.length; from += AT_ONCE) {
        const batch = gone.slice(from, from + AT_ONCE)
        await forget(batch)
        for (const fact of batch) view.forgetMember(fact)
      }
    } catch (err) {
      onFailure(err)
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
