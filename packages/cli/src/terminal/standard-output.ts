/**
 * Standard output and standard error, which may take nothing more: a full disk, a reader that has seen enough.
 * Promise: an output that cannot be written never decides whether something is done; the loss is told on standard error.
 */
import { EXIT, type ExitCode } from '../exit-codes.ts'

let lost: NodeJS.ErrnoException | undefined
let hasChanged = false
const losing = new AbortController()

/** Aborts when nobody can read what is written any more. */
export const outputLost: AbortSignal = losing.signal

/** To be called once, before anything is written. */
export function watchOutput(): void {
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost !== undefined) return
    lost = error
    // A reader that closes the pipe has seen enough: `curfew sessions ls | head`.
    if (error.code !== 'EPIPE')
      process.stderr.write(`The answer cannot be written: ${error.code ?? error.message}.\n`)
    losing.abort()
  })
}

/** The command has done its work: from now on the exit code tells the outcome of that work. */
export function noteChange(): void {
  hasChanged = true
}

/** The exit code of a command that ends with `code`, once everything that it wrote has been taken or refused. */
export async function codeOnceWritten(code: ExitCode): Promise<ExitCode> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  const isAnswerLost = lost !== undefined && lost.code !== 'EPIPE' && !hasChanged
  return isAnswerLost && code === EXIT.done ? EXIT.unwritten : code
}
