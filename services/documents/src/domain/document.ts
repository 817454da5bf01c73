/**
 * ③ A document: what is known about some bytes that lie in the file service.
 * Promise: the document's id is for its users, the file's id for the file service; knowing one says nothing about the other.
 */
import { randomBytes } from 'node:crypto'

import type { TenantId, UserId } from '@curfew/contracts'
import type { Digest, FileActOf, FileId } from '@curfew/one-time-claims'

/** 16 random bytes in base64url. */
export type DocumentId = string & { readonly __brand: 'DocumentId' }

/** What the creator says about the document. */
export interface Description {
  readonly name: string
  readonly contentType: string
  /** So many bytes may be uploaded, and no more and no less. */
  readonly size?: number
  /** Nothing else may be uploaded. */
  readonly digest?: Digest
}

/** What the file service says about the bytes; they never change once they are there. */
export interface Content {
  readonly size: number
  readonly digest: Digest
  readonly etag: string
}

export interface Document extends Description {
  readonly id: DocumentId
  readonly tenant: TenantId
  readonly file: FileId
  readonly createdAtMs: number
  readonly createdBy: UserId
  /** Absent until the file service has been heard to hold the bytes. */
  readonly content?: Content
}

export function newDocument(
  description: Description,
  by: { readonly tenant: TenantId; readonly user: UserId },
  nowMs: number,
): Document {
  return {
    ...description,
    id: randomId() as DocumentId,
    tenant: by.tenant,
    file: randomId() as FileId,
    createdAtMs: nowMs,
    createdBy: by.user,
  }
}

function randomId(): string {
  return randomBytes(16).toString('base64url')
}

const ID = /^[A-Za-z0-9_-]{22}$/

export function isDocumentId(text: string): text is DocumentId {
  return ID.test(text)
}

export function uploadOf(
  { file, contentType, size, digest }: Document,
  maxBytes: number,
): FileActOf<'upload'> {
  return {
    op: 'upload',
    file,
    ...(size !== undefined && { min_bytes: size }),
    max_bytes: size ?? maxBytes,
    content_type: contentType,
    ...(digest !== undefined && { digest }),
  }
}

export function downloadOf({ file, contentType, name }: Document, { etag }: Content): FileActOf<'download'> {
  return { op: 'download', file, etag, content_type: contentType, name }
}
