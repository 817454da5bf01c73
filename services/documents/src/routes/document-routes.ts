/**
 * ③ All routes of the documents service on one server.
 */
import { type CurfewServer, described } from '@curfew/service-kit'
import { Type } from '@fastify/type-provider-typebox'

import { addCreateDocument } from './create-document.ts'
import { addDeleteDocument } from './delete-document.ts'
import type { DocumentRoutesOptions } from './documents-context.ts'
import { addGetDocument } from './get-document.ts'
import { addListDocuments } from './list-documents.ts'
import { addRequestTransfer } from './request-transfer.ts'

/** @param app with `@curfew/fastify` registered */
export function addDocumentRoutes(app: CurfewServer, options: DocumentRoutesOptions): void {
  addListDocuments(app, options)
  addGetDocument(app, options)
  addCreateDocument(app, options)
  addRequestTransfer(app, options)
  addDeleteDocument(app, options)

  // Public by nature. A withdrawn key is gone from caches within a minute.
  const schema = described({
    summary: 'The public keys of its claims',
    answers: { 200: Type.Object({ keys: Type.Array(Type.Object({}, { additionalProperties: true })) }) },
    credentials: [],
  })
  app.get('/.well-known/jwks.json', { schema }, (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=60')
      .type('application/jwk-set+json')
      .send(JSON.stringify(options.claims.jwks())),
  )
}
