/**
 * The ways in which a run ends: somebody asks, the process that started this one is gone, or a part dies.
 */
import type { UnexpectedExit } from '@curfew/local-system'

export type Ending = { readonly kind: 'asked' } | { readonly kind: 'died'; readonly exit: UnexpectedExit }

/** Resolves at the first ending; later ones change nothing, so that a second Ctrl-C does not cut the first one short. */
export function watchForEnding(): {
  readonly ending: Promise<Ending>
  readonly onUnexpectedExit: (exit: UnexpectedExit) => void
} {
  const { promise, resolve } = Promise.withResolvers<Ending>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => resolve({ kind: 'asked' }))
  // The channel to bootstrap.mjs closes when that process ends, by `kill -9` too.
  process.on('disconnect', () => resolve({ kind: 'asked' }))
  return { ending: promise, onUnexpectedExit: (exit) => resolve({ kind: 'died', exit }) }
}

export function describeDeath({ name, code, signal, logFile, lastLines }: UnexpectedExit): string {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  return [
    `${name} ended unexpectedly, ${how}. The end of ${logFile}:`,
    ...lastLines.map((line) => `  ${line}`),
  ].join('\n')
}
