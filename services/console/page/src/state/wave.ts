/**
 * The latest change on its way through the fleet: who has acknowledged it, after how many milliseconds.
 */
import { createStore } from './store.ts'

export interface Lane {
  readonly state: 'waiting' | 'acknowledged' | 'lapsed'
  readonly elapsedMs?: number
}

export interface Wave {
  /** Position of the change in the log. */
  readonly position: string
  /** By verifier, as far as they have been named: of somebody else's change only its position is known. */
  readonly lanes: ReadonlyMap<string, Lane>
  readonly isOver: boolean
}

export const wave = createStore<Wave | undefined>(undefined)

/** Longer than any lease: by then a change is confirmed or will not be seen to be. */
const GIVEN_UP_MS = 15_000
/** After that the fleet is shown at rest again. */
const SHOWN_MS = 20_000

export function beginWave(position: string, verifiers: readonly string[]): void {
  const current = wave.get()
  // What the log tells of one's own change comes after the answer has begun.
  if (current !== undefined && current.position >= position) return
  const lanes = new Map<string, Lane>(verifiers.map((id) => [id, { state: 'waiting' }]))
  wave.set({ position, lanes, isOver: false })
  setTimeout(() => endWave(position), GIVEN_UP_MS)
  setTimeout(() => wave.get()?.position === position && wave.set(undefined), SHOWN_MS)
}

export function settleLane(position: string, verifier: string, lane: Lane): void {
  const current = wave.get()
  if (current?.position !== position) return
  wave.set({ ...current, lanes: new Map(current.lanes).set(verifier, lane) })
}

export function endWave(position: string): void {
  const current = wave.get()
  if (current?.position === position && !current.isOver) wave.set({ ...current, isOver: true })
}
