/**
 * Turns text (environment variables, query and path parameters) into the type that its schema asks for.
 * Promise: text that is not exactly such a value stays text, so that the check which follows refuses it.
 */
import type { TSchema } from 'typebox'

const INTEGER = /^-?(?:0|[1-9]\d{0,15})$/
const DECIMAL = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/

export function valueFromText(schema: TSchema, text: string): unknown {
  const type = 'type' in schema ? schema.type : undefined
  if (type === 'integer' && INTEGER.test(text)) return Number(text)
  if (type === 'number' && DECIMAL.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

/** The `default` of a schema, or undefined. */
export function defaultOf(schema: TSchema): unknown {
  return 'default' in schema ? schema.default : undefined
}
