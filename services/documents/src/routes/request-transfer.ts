/**
 * ③ ⑥ `POST /documents/{id}/download` and `/upload`: one claim for one transfer.
 * Promise: no claim is handed out for what cannot work: downloading what is not there, uploading what is.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { downloadOf } from '../domain/document.ts'
import {
  allowUpload,
  callerOf,
  contentOf,
  findDocument,
  uploadJson,
  type DocumentRoutesOptions,
} from './documents-context.ts'
import { DocumentPath, NoQuery, transferJson, TransferShape } from './shapes.ts'

export function addRequestTransfer(app: CurfewServer, options: DocumentRoutesOptions): void {
  const { documents, files, claims } = options
  const schema = { params: DocumentPath, querystring: NoQuery }
  const answers = { 200: TransferShape }

  app.post(
    '/documents/:id/download',
    {
      schema: { ...schema, ...described({ summary: 'A claim to download the bytes with, once', answers }) },
      onRequest: app.requirePermission('documents:read'),
    },
    async (request) => {
      const document = await findDocument(documents, request)
      const learned = await contentOf(options, document, request)
      if (learned.kind === 'absent') throw new Problem('conflict', 'no bytes have been uploaded')
      const claim = await claims.mint(downloadOf(document, learned.content), callerOf(request))
      return transferJson(files.urlOf(document.file), 'POST', claim)
    },
  )

  app.post(
    '/documents/:id/upload',
    {
      schema: { ...schema, ...described({ summary: 'A claim to upload the bytes with, once', answers }) },
      onRequest: app.requirePermission('documents:write'),
    },
    async (request) => {
      const document = await findDocument(documents, request)
      const learned = await contentOf(options, document, request)
      if (learned.kind === 'stored') throw new Problem('conflict', 'the bytes have been uploaded')
      const caller = callerOf(request)
      await allowUpload(options, caller)
      return uploadJson(options, document, caller)
    },
  )
}
