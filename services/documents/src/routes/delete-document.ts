/**
 * ③ ⑥ `DELETE /documents/{id}`: the bytes first, then what is known about them.
 * Promise: whatever fails between, the document is still listed and deleting it again finishes the work.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { callerOf, findDocument, type DocumentRoutesOptions } from './documents-context.ts'
import { DocumentPath, NoQuery } from './shapes.ts'

export function addDeleteDocument(app: CurfewServer, { documents, files }: DocumentRoutesOptions): void {
  app.delete(
    '/documents/:id',
    {
      schema: {
        params: DocumentPath,
        querystring: NoQuery,
        ...described({ summary: 'Deletes the bytes, then the metadata', answers: { 204: 'It is gone' } }),
      },
      onRequest: app.requirePermission('documents:delete'),
    },
    async (request, reply) => {
      const document = await findDocument(documents, request)
      const caller = callerOf(request)
      const removal = await files.remove(document.file, caller)
      if (removal.kind === 'withdrawn') throw new Problem('unauthenticated')
      if (removal.kind === 'unavailable')
        throw new Problem('unavailable', 'the file service cannot be asked', { cause: removal.cause })
      await documents.remove(document)
      request.log.info({ event: 'document.deleted', documentId: document.id, sessionId: caller.session })
      return reply.code(204).send()
    },
  )
}
