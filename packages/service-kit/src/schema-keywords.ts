/**
 * The keywords of a schema that this package looks at; TypeBox schemas are plain JSON Schema.
 */
import type { TSchema } from 'typebox'

export interface Keywords {
  readonly anyOf?: readonly TSchema[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: unknown
  readonly items?: TSchema
}
