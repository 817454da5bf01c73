/** ⑤ What this package tells of the log it tells a logger of the caller. */

/** The part of a pino logger that is used here. */
export interface LogLogger {
  info(fields: Record<string, unknown>, message?: string): void
  warn(fields: Record<string, unknown>, message?: string): void
  error(fields: Record<string, unknown>, message?: string): void
}
