/**
 * Takes the questions that arrive on one subscription, those of each subject in a lane of their own.
 * Promise: a caller that asks more than is answered waits, and is refused, behind its own questions only; a question costs next
 * to nothing before its turn, and a turn of the event loop begins a bounded amount of each lane.
 */

interface LanesOptions<T> {
  /** Never rejects. */
  readonly serve: (question: T) => Promise<void>
  /** There is no room for it, or it has waited for longer than its caller does. */
  readonly refuse: (question: T) => void
  /** Of one lane at once. */
  readonly underWayMax: number
}

/**
 * One lane's share of a turn of the event loop: time for beginning questions, and the number of refusals that are sent. A time
 * rather than a number of questions, because a malformed question takes longer to read than most questions to begin.
 */
const A_TURN = { ms: 2, refusals: 64 } as const
/** The most that waits in one lane. */
const WAITING_MAX = { questions: 4_096, bytes: 4 * 1_024 * 1_024 } as const
/** Most callers have given up by then; the others learn that nothing was done. */
const WAITING_MS_MAX = 2_000

interface Sized {
  readonly data: { readonly length: number }
}

interface Lane<T> {
  readonly waiting: { readonly question: T; readonly atMs: number }[]
  waitingBytes: number
  underWay: number
  /** In this turn. */
  spentMs: number
  refused: number
}

export class Lanes<T extends Sized> {
  readonly #options: LanesOptions<T>
  readonly #lanes = new Map<string, Lane<T>>()
  #isTurnDue = false
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: LanesOptions<T>) {
    this.#options = options
  }

  take(subject: string, question: T): void {
    const lane = this.#laneOf(subject)
    this.#scheduleTurn()
    const isRoom =
      lane.waiting.length < WAITING_MAX.questions &&
      lane.waitingBytes + question.data.length <= WAITING_MAX.bytes
    if (lane.waiting.length === 0 && this.#mayBegin(lane)) this.#begin(lane, question)
    else if (isRoom) {
      lane.waiting.push({ question, atMs: performance.now() })
      lane.waitingBytes += question.data.length
    } else this.#refuse(lane, question)
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    if (this.#lanes.size === 0) return
    this.#idle ??= Promise.withResolvers()
    await this.#idle.promise
  }

  #laneOf(subject: string): Lane<T> {
    let lane = this.#lanes.get(subject)
    if (lane === undefined) {
      lane = { waiting: [], waitingBytes: 0, underWay: 0, spentMs: 0, refused: 0 }
      this.#lanes.set(subject, lane)
    }
    return lane
  }

  #mayBegin({ underWay, spentMs }: Lane<T>): boolean {
    return underWay < this.#options.underWayMax && spentMs < A_TURN.ms
  }

  #begin(lane: Lane<T>, question: T): void {
    lane.underWay += 1
    const fromMs = performance.now()
    void this.#options.serve(question).finally(() => {
      lane.underWay -= 1
      this.#scheduleTurn()
    })
    lane.spentMs += performance.now() - fromMs
  }

  /** Beyond a share of the turn, the caller's timeout has to tell it: an answer costs more than all the rest. */
  #refuse(lane: Lane<T>, question: T): void {
    lane.refused += 1
    if (lane.refused <= A_TURN.refusals) this.#options.refuse(question)
  }

  #scheduleTurn(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isTurnDue = false
    for (const [subject, lane] of this.#lanes) {
      lane.spentMs = 0
      lane.refused = 0
      this.#beginWaiting(lane)
      if (lane.waiting.length > 0 && lane.underWay < this.#options.underWayMax) this.#scheduleTurn()
      if (lane.waiting.length === 0 && lane.underWay === 0) this.#lanes.delete(subject)
    }
    if (this.#lanes.size === 0) this.#idle?.resolve()
  }

  #beginWaiting(lane: Lane<T>): void {
    const sinceMs = performance.now() - WAITING_MS_MAX
    while (this.#mayBegin(lane)) {
      const next = lane.waiting.shift()
      if (next === undefined) return
      lane.waitingBytes -= next.question.data.length
      if (next.atMs < sinceMs) this.#refuse(lane, next.question)
      else this.#begin(lane, next.question)
    }
  }
}
