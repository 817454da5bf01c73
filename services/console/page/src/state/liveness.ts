/**
 * Whether what is on the page is the present, from the age of the last answer.
 * Promise: `live` is said for five seconds after an answer of the session authority, whatever has failed or hangs, and no longer.
 */
import { attention } from './attention.ts'
import { connection } from './connection.ts'
import { createStore, useStore } from './store.ts'

export type Liveness = 'live' | 'silent' | 'paused'

const LIVE_MS = 5_000
const LOOK_EVERY_MS = 250

const liveness = createStore<Liveness>('live')
/** Nothing was asked before somebody looked: silence counts from then. */
let watchedSince = Date.now()

function settle(): void {
  const { heardAt = 0, isAway } = connection.get()
  if (!attention.get()) return liveness.set('paused')
  const isSilent = isAway || Date.now() - Math.max(heardAt, watchedSince) > LIVE_MS
  liveness.set(isSilent ? 'silent' : 'live')
}

export function watchLiveness(): void {
  attention.subscribe(() => {
    watchedSince = Date.now()
    settle()
  })
  connection.subscribe(settle)
  setInterval(settle, LOOK_EVERY_MS)
}

export function useLiveness(): Liveness {
  return useStore(liveness)
}
