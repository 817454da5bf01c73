/**
 * ⑤ How long the log keeps a fact, where its server can let single entries expire (nats-server 2.11 and newer).
 * Promise: a fact expires only when no session that it is about can be live any more, and a fact about more than one
 * session never does.
 */
import { SESSION_LIFETIME_MAX_MS, type LogEntry } from '@curfew/contracts'

/** Room for clocks that are set differently, and for a re-authentication that was under way when the session was revoked. */
const MARGIN_MS = 7 * 86_400_000

export const SESSION_FACT_MS = SESSION_LIFETIME_MAX_MS + MARGIN_MS

/** A function of the entry alone, so that every attempt to publish it asks for the same. Undefined: the log keeps it. */
export function lifetimeMsOf(entry: LogEntry): number | undefined {
  const isAboutOneSession =
    entry.type === 'rotated' || (entry.type === 'revoked' && entry.scope.type === 'session')
  return isAboutOneSession ? SESSION_FACT_MS : undefined
}
