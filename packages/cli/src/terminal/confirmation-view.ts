/**
 * Shows each verifier turn green while a revocation travels through the fleet.
 * Promise: on a terminal the lines redraw themselves and stand in the end; elsewhere there is one line for each that agreed.
 */
import { createLogUpdate } from 'log-update'

import type { AwaitedVerifier, Progress } from '../api/watched-change.ts'
import type { Output } from './output.ts'
import { positionText } from './positions.ts'
import { safeText } from './safe-text.ts'
import { msText } from './times.ts'

/** More would scroll out of sight and could not be redrawn. */
const MAX_LIVE_LINES = 16

export class ConfirmationView {
  readonly #output: Output
  readonly #progress: Progress
  readonly #draw: ReturnType<typeof createLogUpdate> | undefined
  readonly #told = new Set<string>()
  #isFinished = false

  constructor(output: Output, progress: Progress) {
    this.#output = output
    this.#progress = progress
    this.#draw = output.isLive ? createLogUpdate(output.stdout) : undefined
  }

  show(): void {
    if (this.#draw === undefined) this.#tellNews()
    else this.#draw(this.#picture().join('\n'))
  }

  /** Leaves standing what is shown; once is enough. */
  finish(): void {
    if (this.#draw === undefined || this.#isFinished) return
    this.#isFinished = true
    this.#progress.trouble = undefined
    if (this.#progress.position !== undefined) this.show()
    else this.#draw.clear()
    this.#draw.done()
  }

  #picture(): string[] {
    const { position, verifiers, trouble } = this.#progress
    const all = [...verifiers.values()]
    // Those that are waited for matter most where not all fit.
    const shown = all.length > MAX_LIVE_LINES ? all.toSorted(waitingFirst).slice(0, MAX_LIVE_LINES) : all
    const width = Math.max(0, ...shown.map((verifier) => nameOf(verifier).length))
    return [
      ...(position === undefined ? [] : [`  recorded at ${safeText(positionText(position))}`]),
      ...shown.map((verifier) => this.#line(verifier, width)),
      ...(shown.length < all.length ? [`  and ${all.length - shown.length} more`] : []),
      ...(trouble === undefined ? [] : [this.#output.tone('yellow', `  trying again: ${safeText(trouble)}`)]),
    ]
  }

  #line(verifier: AwaitedVerifier, width: number): string {
    const { state, elapsedMs } = verifier
    const name = nameOf(verifier).padEnd(width)
    const time = elapsedMs === undefined ? '' : `  ${msText(elapsedMs)}`
    switch (state) {
      case 'waiting':
        return this.#output.tone('dim', `  ○ ${name}`)
      case 'acknowledged':
        return `  ${this.#output.tone('green', `● ${name}`)}${time}`
      case 'lapsed':
        return `  ${this.#output.tone('yellow', `◌ ${name}`)}${time}  its lease has run out`
    }
  }

  #tellNews(): void {
    const { position, verifiers, trouble } = this.#progress
    if (position !== undefined) this.#tell('position', `  recorded at ${safeText(positionText(position))}`)
    for (const verifier of verifiers.values())
      if (verifier.state !== 'waiting') this.#tell(verifier.id, this.#line(verifier, 0))
    if (trouble !== undefined) this.#output.note(`trying again: ${safeText(trouble)}`)
  }

  #tell(key: string, line: string): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#output.line(line)
  }
}

function nameOf({ service, host, id }: AwaitedVerifier): string {
  return safeText([service, host, id].filter((part) => part !== '').join(' '))
}

function waitingFirst(a: AwaitedVerifier, b: AwaitedVerifier): number {
  return Number(a.state !== 'waiting') - Number(b.state !== 'waiting')
}
