/**
 * Whether the session authority answers, and since when it does not.
 * Promise: what is shown of before is called old, never taken away and never taken for the present.
 */
import { createStore } from './store.ts'

export interface Connection {
  /** When the last answer came. */
  readonly heardAt: number | undefined
  readonly isAway: boolean
}

export const connection = createStore<Connection>({ heardAt: undefined, isAway: false })

/** A moment to the second is all that is shown. */
const NOTED_EVERY_MS = 1_000

export function noteAnswer(): void {
  const { heardAt, isAway } = connection.get()
  const now = Date.now()
  if (isAway || heardAt === undefined || now - heardAt >= NOTED_EVERY_MS)
    connection.set({ heardAt: now, isAway: false })
}

export function noteSilence(): void {
  const { heardAt, isAway } = connection.get()
  if (!isAway) connection.set({ heardAt, isAway: true })
}
