/**
 * Forms (`application/x-www-form-urlencoded`) as they were sent.
 * Promise: bytes that are not UTF-8 are refused and never repaired, and so is a name that comes twice.
 */
import { isUtf8 } from 'node:buffer'

/** @returns undefined for what is no such form */
export function formFields(body: Buffer): Record<string, string> | undefined {
  if (!isUtf8(body)) return undefined
  const fields = new Map<string, string>()
  try {
    for (const pair of body.toString('utf8').split('&')) {
      if (pair === '') continue
      const [name = '', ...value] = pair
        .split('=')
        .map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
      if (fields.has(name)) return undefined
      fields.set(name, value.join('='))
    }
  } catch {
    return undefined
  }
  return Object.fromEntries(fields)
}
