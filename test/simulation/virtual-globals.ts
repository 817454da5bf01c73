/**
 * What the code under test takes for time and chance: the world's.
 * Promise: no timer, clock or random number of the machine reaches it, and every process reads its own clocks.
 */
import type { World } from './virtual-time.ts'
import { Random } from './random.ts'

const RealDate = Date
let world: World | undefined
let chance = new Random(0)

/** From here on all time is this world's. */
export function enter(next: World): void {
  world = next
  chance = next.random.split()
}

export function theWorld(): World {
  if (world === undefined) throw new Error('no world has been entered')
  return world
}

export function theChance(): Random {
  return chance
}

/** As much of a NodeJS.Timeout as anybody uses. */
class VirtualTimeout {
  readonly #run: () => void
  readonly #ms: number
  readonly #isRepeated: boolean
  #scheduled: { cancel(): void } | undefined

  constructor(run: () => void, ms: number, isRepeated = false) {
    this.#run = run
    this.#ms = Math.max(1, ms || 0)
    this.#isRepeated = isRepeated
    this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = theWorld().timer(this.#ms, () => {
      this.#scheduled = undefined
      if (this.#isRepeated) this.#schedule()
      this.#run()
    })
  }

  close(): void {
    this.#scheduled?.cancel()
    this.#scheduled = undefined
  }

  refresh(): this {
    if (this.#scheduled === undefined) return this
    this.close()
    this.#schedule()
    return this
  }

  ref = (): this => this
  unref = (): this => this
  hasRef = (): boolean => true
}

type Callback = (...args: unknown[]) => void

class VirtualDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    if (args.length === 0) super(theWorld().wallMs())
    else super(args[0])
  }

  static override now(): number {
    return theWorld().wallMs()
  }
}

function clear(timeout: unknown): void {
  if (timeout instanceof VirtualTimeout) timeout.close()
}

/** For the rest of this process. */
export function installVirtualGlobals(): void {
  Object.assign(globalThis, {
    setTimeout: (run: Callback, ms = 0, ...args: unknown[]) => new VirtualTimeout(() => run(...args), ms),
    setInterval: (run: Callback, ms = 0, ...args: unknown[]) =>
      new VirtualTimeout(() => run(...args), ms, true),
    setImmediate: (run: Callback, ...args: unknown[]) =>
      theWorld().after(0, () => run(...args), { process: theWorld().current, kind: 'timer' }),
    clearTimeout: clear,
    clearInterval: clear,
    Date: VirtualDate,
  })
  Object.defineProperty(performance, 'now', { value: () => theWorld().monotonicMs() })
  Math.random = () => chance.next()
}
