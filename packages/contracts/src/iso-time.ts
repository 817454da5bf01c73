/** Timestamps as they stand in messages, entries and JSON: ISO 8601 in UTC with milliseconds. Nothing here reads a clock. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** Milliseconds since 1970; NaN for a string that is not a time. */
export function timeOf(iso: string): number {
  return Date.parse(iso)
}
