/**
 * Checks requests against the TypeBox schemas of their route.
 * Promise: a body is taken as it was sent or refused, naming the member at fault; nothing is dropped, filled in or converted.
 */
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

import { explain } from './explain.ts'
import { Problem } from './problem.ts'
import type { Keywords } from './schema-keywords.ts'
import { defaultOf, valueFromText } from './text-values.ts'

const PART_NAMES: Readonly<Record<string, string>> = {
  body: 'member',
  querystring: 'query parameter',
  params: 'path parameter',
  headers: 'header',
}

const MAX_NAME_LENGTH = 100

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  if (httpPart === 'body') requireDecision(schema)
  const compiled = Compile(schema)
  return (received: unknown) => {
    const value = httpPart === 'body' ? received : fromTexts(schema, received)
    if (compiled.Check(value)) return { value }
    return { error: new Problem('bad-request', describeFault(schema, value, httpPart)) }
  }
}

/** JSON Schema lets unknown members in unless told otherwise; a route must have told, one way or the other. */
function requireDecision(schema: TSchema): void {
  const { anyOf = [], items, properties = {}, additionalProperties } = schema as Keywords
  if (Object.keys(properties).length > 0 && additionalProperties === undefined)
    throw new Error(
      `additionalProperties is not decided for the object of ${Object.keys(properties).join(', ')}`,
    )
  for (const inner of [...anyOf, ...(items ? [items] : []), ...Object.values(properties)])
    requireDecision(inner)
}

function describeFault(schema: TSchema, value: unknown, httpPart: string): string {
  const { path, rule } = explain(schema, value)
  if (path.length === 0) return `the ${httpPart} ${rule}`
  const name = path.join('.').slice(0, MAX_NAME_LENGTH)
  return `${PART_NAMES[httpPart] ?? httpPart} ${JSON.stringify(name)} ${rule}`
}

/** Query, path and headers arrive as text: the declared ones become what their schema asks for. */
function fromTexts(schema: TSchema, received: unknown): unknown {
  if (!('properties' in schema) || typeof received !== 'object' || received === null) return received
  const values: Record<string, unknown> = { ...received }
  for (const [name, property] of Object.entries(schema.properties as Record<string, TSchema>)) {
    const text = values[name]
    const value = typeof text === 'string' ? valueFromText(property, text) : (text ?? defaultOf(property))
    if (value !== undefined) values[name] = value
  }
  return values
}
