/**
 * Says in one sentence why a value does not fit its schema, naming the member at fault.
 * Promise: the sentence holds names and rules only, never a value: values may be secrets.
 */
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

import type { Keywords } from './schema-keywords.ts'

/** Where the fault is, as member names from the outside in, and what is wrong there. */
export interface Fault {
  readonly path: readonly string[]
  readonly rule: string
}

/** Call it with a value that failed the check of its schema. */
export function explain(schema: TSchema, value: unknown, path: readonly string[] = []): Fault {
  const keywords = schema as Keywords
  if (keywords.anyOf) return explainUnion(keywords.anyOf, value, path)
  if (keywords.const !== undefined) return { path, rule: oneOf([keywords.const]) }
  if (keywords.enum) return { path, rule: oneOf(keywords.enum) }
  if (keywords.properties && isRecord(value)) return explainObject(keywords, value, path)
  if (keywords.items && Array.isArray(value)) {
    const { items } = keywords
    const index = value.findIndex((item) => !Value.Check(items, item))
    if (index !== -1) return explain(items, value[index], [...path, String(index)])
  }
  return { path, rule: Value.Errors(schema, value)[0]?.message ?? 'is not acceptable' }
}

function explainObject(keywords: Keywords, value: Record<string, unknown>, path: readonly string[]): Fault {
  const { properties = {}, required = [], additionalProperties } = keywords
  if (additionalProperties === false) {
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(properties, name))
    if (unknown !== undefined) return { path: [...path, unknown], rule: 'is unknown' }
  }
  const missing = required.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) return { path: [...path, missing], rule: 'is missing' }
  for (const [name, schema] of Object.entries(properties)) {
    if (!Object.hasOwn(value, name) || Value.Check(schema, value[name])) continue
    return explain(schema, value[name], [...path, name])
  }
  return { path, rule: 'is not acceptable' }
}

/** In a tagged union the tag tells which alternative was meant; its fault is the one worth naming. */
function explainUnion(alternatives: readonly TSchema[], value: unknown, path: readonly string[]): Fault {
  const literals = alternatives.flatMap((schema) => ('const' in schema ? [schema.const] : []))
  if (literals.length === alternatives.length) return { path, rule: oneOf(literals) }

  const tagged = alternatives.map((schema) => ({ schema, tag: tagOf(schema) }))
  const name = tagged[0]?.tag?.name
  if (name === undefined || !isRecord(value) || tagged.some(({ tag }) => tag?.name !== name))
    return { path, rule: 'fits none of the allowed forms' }
  const meant = tagged.find(({ tag }) => tag?.value === value[name])
  if (meant) return explain(meant.schema, value, path)
  if (!Object.hasOwn(value, name)) return { path: [...path, name], rule: 'is missing' }
  return { path: [...path, name], rule: oneOf(tagged.map(({ tag }) => tag?.value)) }
}

/** The first member that must be one constant. */
function tagOf(schema: TSchema): { name: string; value: unknown } | undefined {
  for (const [name, member] of Object.entries((schema as Keywords).properties ?? {}))
    if ('const' in member) return { name, value: member.const }
  return undefined
}

function oneOf(values: readonly unknown[]): string {
  return `must be ${values.length > 1 ? 'one of ' : ''}${values.map((value) => JSON.stringify(value)).join(', ')}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
