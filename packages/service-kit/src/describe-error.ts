/**
 * An error as it may be logged.
 * Promise: name, message, code, stack and causes, and no other property: client libraries hang commands and their
 * arguments on errors, which pino's own serializer would copy.
 */

export interface DescribedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: DescribedError
}

const MAX_CAUSES = 4
const described = new WeakSet<object>()

export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an error was thrown' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : []
  const cause = error.cause ?? first
  const description = {
    type: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, depth + 1) }),
  }
  described.add(description)
  return description
}

/** True for what `describeError` made. */
export function isDescribed(value: unknown): value is DescribedError {
  return typeof value === 'object' && value !== null && described.has(value)
}
