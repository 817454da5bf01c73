/**
 * ④ Reads a JSON file that an administrator wrote.
 * Promise: it has the shape it must have, or the service does not start; what the file holds is never quoted.
 */
import { readFile } from 'node:fs/promises'

import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'

/** @param what named in errors, for example `clients file`. */
export async function readJsonFile<T extends TSchema>(
  what: string,
  path: string,
  schema: T,
): Promise<Static<T>> {
  const value = parse(what, await read(what, path))
  if (Value.Check(schema, value)) return value
  const [fault] = Value.Errors(schema, value)
  throw new Error(`the ${what} is not as it must be: ${fault?.instancePath ?? ''} ${fault?.message ?? ''}`)
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
