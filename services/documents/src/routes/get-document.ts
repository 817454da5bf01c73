/**
 * ③ `GET /documents/{id}`.
 * Promise: metadata is readable while the file service is away; then `content` is only what was known before.
 */
import { type CurfewServer, described } from '@curfew/service-kit'

import { learnContent } from '../domain/learn-content.ts'
import { callerOf, findDocument, type DocumentRoutesOptions } from './documents-context.ts'
import { DocumentPath, documentJson, NoQuery, FoundShape } from './shapes.ts'

export function addGetDocument(app: CurfewServer, options: DocumentRoutesOptions): void {
  app.get(
    '/documents/:id',
    {
      schema: {
        params: DocumentPath,
        querystring: NoQuery,
        ...described({ summary: 'The metadata of one document', answers: { 200: FoundShape } }),
      },
      onRequest: app.requirePermission('documents:read'),
    },
    async (request) => {
      const document = await findDocument(options.documents, request)
      const learned = await learnContent(options, document, callerOf(request))
      if (learned.kind === 'unavailable')
        request.log.warn({ event: 'document.content.unknown', documentId: document.id, err: learned.cause })
      const content = learned.kind === 'stored' ? { content: learned.content } : {}
      return { document: documentJson({ ...document, ...content }) }
    },
  )
}
