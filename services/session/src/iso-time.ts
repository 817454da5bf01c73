/**
 * ④ Times for people and for JSON.
 * Promise: ISO 8601 in UTC; nothing here reads a clock.
 */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** NaN for what is no time. */
export function timeOf(iso: string): number {
  return Date.parse(iso)
}
