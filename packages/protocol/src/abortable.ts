/**
 * ⑤ Waiting for a promise only as long as its answer can matter.
 * Promise: an aborted wait ends at once and leaves no listener behind; the late answer is dropped, not unhandled.
 */
export async function orAborted<T>(promise: Promise<T>, ...signals: readonly AbortSignal[]): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new Error('aborted'))
  promise.catch(() => undefined)
  try {
    for (const signal of signals) {
      if (signal.aborted) throw new Error('aborted')
      signal.addEventListener('abort', abort, { once: true })
    }
    return await Promise.race([promise, aborted])
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort)
  }
}

/** Resolves after the time or as soon as the signal is aborted, whichever comes first. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = (): void => resolve()
  const timer = setTimeout(end, Math.max(0, ms))
  signal.addEventListener('abort', end, { once: true })
  await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', end)
}
