/**
 * ⑦ What every route of this service expects of a path and a query.
 * Promise: a query is refused as a whole, so that no claim travels in a URL by accident and goes unnoticed.
 */
import { Type } from '@fastify/type-provider-typebox'

/** Compared with the claim, which has the shape: another shape is just another file. */
export const FilePath = Type.Object({ id: Type.String() })
export const NoQuery = Type.Object({}, { additionalProperties: false })
