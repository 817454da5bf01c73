/**
 * ④ Reads a JSON file that an administrator wrote.
 * Promise: it has the shape it must have, or the service does not start and each fault is named; what the file holds is never
 * quoted.
 */
import { readFile } from 'node:fs/promises'

import type { Static, TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'

/** @param what named in errors, for example `clients file`. */
export async function readJsonFile<T extends TSchema>(
  what: string,
  path: string,
  schema: T,
): Promise<Static<T>> {
  const value = parse(what, await read(what, path))
  if (Value.Check(schema, value)) return value
  throw faultyFile(what, faultsIn(schema, value))
}

/** As many as are named and one more; the library stops at eight, which is right for requests. */
function faultsIn(schema: TSchema, value: unknown): string[] {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: FAULTS_NAMED + 1 })
  try {
    return Value.Errors(schema, value).map(({ instancePath, message }) => `${instancePath} ${message}`)
  } finally {
    Settings.Set({ maxErrors })
  }
}

/** More than these say nothing new. */
const FAULTS_NAMED = 32

/** @param faults places in the file and what is wrong there, never what is written there. */
export function faultyFile(what: string, faults: readonly string[]): Error {
  const named = faults.slice(0, FAULTS_NAMED)
  const rest = faults.length > named.length ? ['and more'] : []
  return new Error(`the ${what} is not as it must be: ${[...named, ...rest].join('; ')}`)
}

async function read(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(`the ${what} cannot be read`, { cause: error })
  }
}

function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new Error(`the ${what} is not JSON`)
  }
}
