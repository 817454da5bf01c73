/**
 * ③ `GET /documents`: the documents of the caller's tenant, newest first.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { formatCursor, parseCursor } from '../domain/cursor.ts'
import type { DocumentRoutesOptions } from './documents-context.ts'
import { documentJson, ListQuery, DocumentsShape } from './shapes.ts'

const PAGE_SIZE = 50

export function addListDocuments(app: CurfewServer, { documents }: DocumentRoutesOptions): void {
  app.get(
    '/documents',
    {
      schema: {
        querystring: ListQuery,
        ...described({
          summary: 'The documents of the caller’s tenant, newest first',
          answers: { 200: DocumentsShape },
        }),
      },
      onRequest: app.requirePermission('documents:read'),
    },
    async (request) => {
      const { limit = PAGE_SIZE, cursor } = request.query
      const after = cursor === undefined ? undefined : parseCursor(cursor)
      if (cursor !== undefined && after === undefined)
        throw new Problem('bad-request', 'query parameter "cursor" is not one of this list')
      const page = await documents.list(request.session.tenant, { after, limit })
      return {
        documents: page.documents.map(documentJson),
        next_cursor: page.next === undefined ? null : formatCursor(page.next),
      }
    },
  )
}
