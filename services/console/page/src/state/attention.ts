/**
 * Whether anybody is there. Every question that the page asks counts as use of the operator's session: a page that was
 * left open must not keep the session alive.
 */
import { focusManager } from '@tanstack/react-query'

import { createStore } from './store.ts'

const AWAY_AFTER_MS = 10 * 60_000
const LOOK_EVERY_MS = 15_000

/** False once nobody has touched the page for ten minutes, or cannot see it. */
export const attention = createStore(true)

let touchedAt = performance.now()

function settle(): void {
  const isThere = document.visibilityState === 'visible' && performance.now() - touchedAt < AWAY_AFTER_MS
  attention.set(isThere)
  // What asks again from time to time stops meanwhile, and asks at once when somebody comes back.
  focusManager.setFocused(isThere)
}

export function watchAttention(): void {
  const touched = (): void => {
    touchedAt = performance.now()
    if (!attention.get()) settle()
  }
  for (const event of ['pointermove', 'pointerdown', 'keydown', 'scroll', 'focus'])
    addEventListener(event, touched, { passive: true, capture: true })
  document.addEventListener('visibilitychange', settle)
  setInterval(settle, LOOK_EVERY_MS)
}
