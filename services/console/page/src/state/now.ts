/** The present, as often as anything on the page depends on it. */
import { createStore, useStore } from './store.ts'

const TICK_MS = 10_000
const now = createStore(Date.now())

setInterval(() => now.set(Date.now()), TICK_MS)

export function useNow(): number {
  return useStore(now)
}
