/**
 * Why a command ends without having done what it was asked for.
 * Promise: it carries the exit code and a sentence for people; it never holds a secret.
 */
import { EXIT, type ExitCode } from './exit-codes.ts'

export interface FailureDetails {
  /** What to do about it. */
  readonly hint?: string
  /** The problem's code where a server refused, else one of this program's own. */
  readonly code?: string
  /** Leads to the server's log lines. */
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: ExitCode
  readonly code: string
  readonly hint: string | undefined
  readonly requestId: string | undefined

  constructor(exit: ExitCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.exit = exit
    this.code = details.code ?? nameOf(exit)
    this.hint = details.hint
    this.requestId = details.requestId
  }
}

export function usage(message: string, hint?: string): Failure {
  return new Failure(EXIT.usage, message, hint === undefined ? {} : { hint })
}

function nameOf(exit: ExitCode): string {
  const found = Object.entries(EXIT).find(([, code]) => code === exit)
  return found?.[0] ?? 'broken'
}
