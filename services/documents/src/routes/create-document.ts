/**
 * ③ ⑥ `POST /documents`: metadata first, and a claim to upload the bytes with.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { newDocument } from '../domain/document.ts'
import { allowUpload, callerOf, uploadJson, type DocumentRoutesOptions } from './documents-context.ts'
import { documentJson, newDocumentBody, NoQuery, CreatedShape } from './shapes.ts'

export function addCreateDocument(app: CurfewServer, options: DocumentRoutesOptions): void {
  const { documents, maxBytes, quota } = options
  app.post(
    '/documents',
    {
      schema: {
        body: newDocumentBody(maxBytes),
        querystring: NoQuery,
        ...described({
          summary: 'Metadata, and a claim to upload the bytes with',
          answers: { 201: CreatedShape },
        }),
      },
      onRequest: app.requirePermission('documents:write'),
    },
    async (request, reply) => {
      const { content_type: contentType, ...rest } = request.body
      const caller = callerOf(request)
      const document = newDocument({ ...rest, contentType }, caller.subject, Date.now())
      await allowUpload(options, caller)
      if ((await documents.add(document, quota)) === 'full')
        throw new Problem('quota-exceeded', 'delete documents before you create more')
      request.log.info({
        event: 'document.created',
        documentId: document.id,
        file: document.file,
        sessionId: caller.session,
      })
      // Relative to the request, because the gateway shows this service under a path of its own.
      return reply
        .code(201)
        .header('location', `documents/${document.id}`)
        .send({ document: documentJson(document), upload: await uploadJson(options, document, caller) })
    },
  )
}
