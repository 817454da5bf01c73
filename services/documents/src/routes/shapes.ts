/**
 * ③ What callers send and see.
 * Promise: names, types and digests are checked with the shapes that claims are written in, so that no claim fails later.
 */
import { DigestSchema, FileNameSchema, MediaTypeSchema, type MintedClaim } from '@curfew/one-time-claims'
import { Type } from '@fastify/type-provider-typebox'

import type { Content, Document } from '../domain/document.ts'

const closed = { additionalProperties: false }

export const NoQuery = Type.Object({}, closed)
/** What is no document id names no document: 404, like any other that is not there. */
export const DocumentPath = Type.Object({ id: Type.String() })

export const ListQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '50 when not given' })),
    cursor: Type.Optional(
      Type.String({ maxLength: 100, description: 'From `next_cursor` of the page before' }),
    ),
  },
  closed,
)

export const newDocumentBody = (maxBytes: number) =>
  Type.Object(
    {
      name: FileNameSchema,
      content_type: MediaTypeSchema,
      size: Type.Optional(Type.Integer({ minimum: 0, maximum: maxBytes })),
      digest: Type.Optional(DigestSchema),
    },
    closed,
  )

/** `content` is null while the file service is not known to hold the bytes. */
export interface DocumentJson {
  readonly id: string
  readonly name: string
  readonly content_type: string
  readonly size?: number
  readonly digest?: string
  readonly created_at: string
  readonly created_by: string
  readonly content: Content | null
}

export function documentJson(document: Document): DocumentJson {
  const { id, name, contentType, size, digest, createdAtMs, createdBy, content } = document
  return {
    id,
    name,
    content_type: contentType,
    ...(size !== undefined && { size }),
    ...(digest !== undefined && { digest }),
    created_at: new Date(createdAtMs).toISOString(),
    created_by: createdBy,
    content: content ?? null,
  }
}

/** How to present a claim to the file service: PUT with a bearer token, POST as a form field. */
export interface TransferJson {
  readonly url: string
  readonly method: 'PUT' | 'POST'
  readonly claim: string
  readonly expires_at: string
}

export function transferJson(
  url: string,
  method: TransferJson['method'],
  { claim, expiresAt }: MintedClaim,
): TransferJson {
  return { url, method, claim, expires_at: expiresAt.toISOString() }
}

const Time = Type.String({ format: 'date-time' })
const DocumentShape = Type.Object({
  id: Type.String(),
  name: Type.String(),
  content_type: Type.String(),
  size: Type.Optional(Type.Integer()),
  digest: Type.Optional(Type.String()),
  created_at: Time,
  created_by: Type.String(),
  content: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
})

/** What answers look like, for the description of the interface. */
export const DocumentsShape = Type.Object({
  documents: Type.Array(DocumentShape),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
})
export const FoundShape = Type.Object({ document: DocumentShape })
export const TransferShape = Type.Object({
  url: Type.String(),
  method: Type.Union([Type.Literal('POST'), Type.Literal('PUT')]),
  claim: Type.String(),
  expires_at: Time,
})
export const CreatedShape = Type.Object({ document: DocumentShape, upload: TransferShape })
