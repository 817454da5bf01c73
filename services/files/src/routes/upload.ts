/**
 * ⑦ `PUT /files/{id}` with a bearer claim.
 * Promise: not a byte is taken before the claim is spent; what is taken becomes a whole file, as the claim describes it, or nothing.
 */
import { bearerToken } from '@curfew/fastify'
import type { CurfewServer } from '@curfew/service-kit'

import { entityTag } from '../domain/representation.ts'
import { checkUpload } from '../domain/upload-limits.ts'
import { alreadyStored, preconditionFailed, receiptRefused, removedBefore, uploadRefused } from '../errors.ts'
import type { FileStore } from '../ports.ts'
import type { Admission } from './admission.ts'
import { FilePath, NoQuery } from './request-shapes.ts'
import type { TakePlace } from './transfer-places.ts'

export interface UploadOptions {
  readonly admission: Admission
  readonly takePlace: TakePlace
  readonly store: FileStore
  readonly maxBytes: number
}

export function addUploadRoute(app: CurfewServer, options: UploadOptions): void {
  const { admission, takePlace, store, maxBytes } = options
  void app.register(async (uploads: CurfewServer) => {
    // Whatever the type, the body stays unread until the handler wants it.
    uploads.removeAllContentTypeParsers()
    uploads.addContentTypeParser('*', (_request, _payload, done) => done(null))

    uploads.put(
      '/files/:id',
      { schema: { params: FilePath, querystring: NoQuery } },
      async (request, reply) => {
        const { log, raw } = request
        const claim = await admission.admit('upload', {
          claim: bearerToken(raw),
          file: request.params.id,
          log,
        })
        const check = checkUpload(claim.act, uploadHeaders(raw.headers), maxBytes)
        if (check.kind !== 'limits') throw uploadRefused(check.kind)
        if ((await store.find(claim.act.file)) !== undefined) throw alreadyStored()
        if (await store.wasRemoved(claim.act.file)) throw removedBefore()
        // Nothing is there to match; `If-None-Match` is met for the same reason.
        if (raw.headers['if-match'] !== undefined) throw preconditionFailed()
        takePlace(claim, reply)
        await admission.spend(claim, log)

        if (raw.headers.expect !== undefined) reply.raw.writeContinue()
        // A body destroyed with its iterator would be cut off from the connection, and its sender would not get to read why.
        const body = raw.iterator({ destroyOnReturn: false })
        const receipt = await store.receive(claim.act.file, body, check.limits)
        if (receipt.kind !== 'stored') throw receiptRefused(receipt.kind)

        const { size, digest } = receipt.file
        const etag = entityTag(digest)
        log.info({ event: 'file.stored', file: claim.act.file, sessionId: claim.session, size })
        return reply
          .code(201)
          .header('etag', etag)
          .send({ file: { id: claim.act.file, size, digest, etag } })
      },
    )
  })
  // Node would ask for the body at once; here that is the handler's decision, after the claim is spent.
  app.server.on('checkContinue', (request, response) => {
    if (request.method !== 'PUT') response.writeContinue()
    app.server.emit('request', request, response)
  })
}

function uploadHeaders(headers: NodeJS.Dict<string | string[]>): Parameters<typeof checkUpload>[1] {
  const length = headers['content-length']
  return {
    contentType: one(headers['content-type']),
    contentLength: length === undefined ? undefined : Number(length),
    contentEncoding: one(headers['content-encoding']),
    contentRange: one(headers['content-range']),
    contentDigest: one(headers['content-digest']),
    reprDigest: one(headers['repr-digest']),
    trailer: one(headers.trailer),
  }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}
