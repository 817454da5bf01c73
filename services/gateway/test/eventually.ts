/**
 * Waits for a condition, long enough for a busy machine.
 */
import { vi } from 'vitest'

export function eventually<T>(condition: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(condition, { timeout: 15_000, interval: 20 })
}
