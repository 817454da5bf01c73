/**
 * ③ What the document routes share: their ports, who is asking, and the document that is asked about.
 * Promise: a document of another tenant, one that never was and an id that cannot be one all look the same.
 */
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import { isDocumentId, uploadOf, type Document } from '../domain/document.ts'
import { learnContent, type Learned } from '../domain/learn-content.ts'
import { transferJson, type TransferJson } from './shapes.ts'
import type { Caller, ClaimMint, DocumentStore, FileService, Quota, UploadAllowance } from '../ports.ts'

export interface DocumentRoutesOptions {
  readonly documents: DocumentStore
  readonly files: FileService
  readonly claims: ClaimMint
  readonly uploads: UploadAllowance
  readonly claimLifetimeSeconds: number
  readonly quota: Quota
  /** Largest document, and what an upload may hold when its size was not given. */
  readonly maxBytes: number
}

export function callerOf({ session, id }: FastifyRequest): Caller {
  return {
    subject: { tenant: session.tenant, user: session.user },
    session: session.id,
    requestId: id,
  }
}

/** @throws Problem */
export async function findDocument(
  documents: DocumentStore,
  request: FastifyRequest<{ Params: { id: string } }>,
): Promise<Document> {
  const { id } = request.params
  const document = isDocumentId(id) ? await documents.find(request.session.tenant, id) : undefined
  if (document === undefined) throw new Problem('not-found')
  return document
}

/**
 * Asked for before the document is added, so that a refusal leaves nothing.
 * @throws Problem when too many claims for uploads are out
 */
export async function allowUpload(
  { uploads, claimLifetimeSeconds }: DocumentRoutesOptions,
  caller: Caller,
): Promise<void> {
  const nowMs = Date.now()
  const untilMs = nowMs + claimLifetimeSeconds * 1_000
  if ((await uploads.take(caller.subject, { nowMs, untilMs })) === 'taken') return
  throw new Problem('too-many-requests', 'too many claims for uploads have not expired yet', {
    headers: { 'retry-after': String(claimLifetimeSeconds) },
  })
}

/** How to upload the bytes. */
export async function uploadJson(
  { files, claims, maxBytes }: DocumentRoutesOptions,
  document: Document,
  caller: Caller,
): Promise<TransferJson> {
  return transferJson(
    files.urlOf(document.file),
    'PUT',
    await claims.mint(uploadOf(document, maxBytes), caller),
  )
}

/** @throws Problem when the file service cannot be asked */
export async function contentOf(
  options: DocumentRoutesOptions,
  document: Document,
  request: FastifyRequest,
): Promise<Exclude<Learned, { kind: 'unavailable' }>> {
  const learned = await learnContent(options, document, callerOf(request))
  if (learned.kind === 'unavailable')
    throw new Problem('unavailable', 'the file service cannot be asked', { cause: learned.cause })
  return learned
}
