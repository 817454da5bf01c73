/**
 * ③ What the document routes share: their ports, who is asking, and the document that is asked about.
 * Promise: a document of another tenant, one that never was and an id that cannot be one all look the same.
 */
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import { isDocumentId, type Document } from '../domain/document.ts'
import { learnContent, type Learned } from '../domain/learn-content.ts'
import type { Caller, ClaimMint, DocumentStore, FileService } from '../ports.ts'

export interface DocumentRoutesOptions {
  readonly documents: DocumentStore
  readonly files: FileService
  readonly claims: ClaimMint
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
