/**
 * Ctrl-C while something is under way.
 * Promise: whoever interrupts is told what is known at that moment; the signal's usual effect is back afterwards.
 */

/** @param reason what is thrown to whoever waits, asked for when it happens */
export async function interruptible<T>(
  reason: () => Error,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interruption = new AbortController()
  const interrupt = (): void => interruption.abort(reason())
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, interrupt)
  try {
    return await task(interruption.signal)
  } catch (error) {
    // Timers and streams wrap it in errors of their own.
    interruption.signal.throwIfAborted()
    throw error
  } finally {
    for (const signal of signals) process.removeListener(signal, interrupt)
  }
}
