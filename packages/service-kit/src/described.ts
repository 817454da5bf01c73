/**
 * What routes say about themselves for the description of their service's interface (api-description.ts).
 * Promise: nothing is checked or left out by it.
 */
import { Type, type TSchema } from 'typebox'

/** What a route says about itself beyond its schemas. */
export interface RouteDescription {
  readonly summary: string
  readonly description?: string
  /** What its answers look like, by status. */
  readonly answers?: Readonly<Record<number, AnswerShape>>
  /** Which credentials it takes, where not the service's usual ones; none at all when empty. */
  readonly credentials?: readonly string[]
}

/** A schema, a sentence where there is no content, or another type of content. */
export type AnswerShape = TSchema | string | { readonly json?: TSchema; readonly events: string }

/**
 * To be spread into a route's schema.
 */
export function described(route: RouteDescription): { readonly summary: string } {
  const { summary, description, answers = {}, credentials } = route
  const response = Object.entries(answers).map(([status, shape]) => [status, responseOf(shape)])
  return {
    summary,
    ...(description !== undefined && { description }),
    ...(credentials && { security: credentials.map((name) => ({ [name]: [] })) }),
    'x-answers': Object.fromEntries(response),
  } as { summary: string }
}

/** For what is there for browsers and machines of its own. */
export function hidden(): object {
  return { hide: true }
}

function responseOf(shape: AnswerShape): object {
  if (typeof shape === 'string') return { description: shape, type: 'null' }
  if (!('events' in shape)) return { description: 'Done', content: { 'application/json': { schema: shape } } }
  const { json, events } = shape
  return {
    description: events,
    content: {
      ...(json && { 'application/json': { schema: json } }),
      'text/event-stream': { schema: Type.String() },
    },
  }
}
