/**
 * ⑤ Looks for the epoch that follows, for as long as the present one cannot be followed.
 * Promise: a replica needs no restart to leave a log that is over; one that follows its log asks nothing.
 */
export interface EpochWatchOptions {
  readonly find: () => Promise<number | undefined>
  readonly isNeeded: () => boolean
  /** Called with whatever is in force; also when it is the one that is known. */
  readonly onFound: (epoch: number) => void
  readonly present: () => number
}

const EVERY_MS = 500

export class EpochWatch {
  readonly #options: EpochWatchOptions
  #timer: NodeJS.Timeout | undefined
  #isLooking = false

  constructor(options: EpochWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#look(), EVERY_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { find, isNeeded, onFound, present } = this.#options
    if (this.#isLooking || !isNeeded()) return
    this.#isLooking = true
    try {
      const found = await find()
      // An earlier one is over, whatever has been put back.
      if (found !== undefined && found > present() && isNeeded()) onFound(found)
    } catch {
      // No server answers: asked again soon.
    } finally {
      this.#isLooking = false
    }
  }
}
