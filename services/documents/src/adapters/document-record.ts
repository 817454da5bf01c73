/**
 * ③ A document as it lies in Redis.
 * Promise: what is read has the shape that was written, or is an error and never a half-understood document.
 */
import { TenantIdSchema, StoredUserIdSchema } from '@curfew/contracts'
import {
  ByteCountSchema,
  DigestSchema,
  EntityTagSchema,
  FileIdSchema,
  FileNameSchema,
  MediaTypeSchema,
} from '@curfew/one-time-claims'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import type { Document, DocumentId } from '../domain/document.ts'

const closed = { additionalProperties: false }

const record = Compile(
  Type.Object(
    {
      v: Type.Literal(1),
      id: Type.Unsafe<DocumentId>(Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' })),
      tenant: TenantIdSchema,
      file: FileIdSchema,
      name: FileNameSchema,
      contentType: MediaTypeSchema,
      size: Type.Optional(ByteCountSchema),
      digest: Type.Optional(DigestSchema),
      createdAtMs: Type.Integer({ minimum: 0 }),
      createdBy: StoredUserIdSchema,
      content: Type.Optional(
        Type.Object({ size: ByteCountSchema, digest: DigestSchema, etag: EntityTagSchema }, closed),
      ),
    },
    closed,
  ),
)

export function writeRecord(document: Document): string {
  return JSON.stringify({ v: 1, ...document })
}

/** @throws when it is not what writeRecord wrote */
export function readRecord(json: string): Document {
  const { v: _, ...document } = record.Parse(JSON.parse(json))
  return document
}
