/**
 * ⑦ `DELETE /files/{id}` with a bearer claim: how the service that owns a document takes back its bytes.
 * Promise: nothing is there afterwards, also where an upload ends later; a file that was deleted before costs no claim, so that
 * deleting can be repeated until it is certain.
 */
import { bearerToken } from '@curfew/fastify'
import { Problem, type CurfewServer } from '@curfew/service-kit'

import { judge } from '../domain/preconditions.ts'
import { entityTag } from '../domain/representation.ts'
import { preconditionFailed } from '../errors.ts'
import type { FileStore } from '../ports.ts'
import type { Admission } from './admission.ts'
import { FilePath, NoQuery } from './request-shapes.ts'

export interface RemoveOptions {
  readonly admission: Admission
  readonly store: FileStore
}

export function addRemoveRoute(app: CurfewServer, { admission, store }: RemoveOptions): void {
  app.delete('/files/:id', { schema: { params: FilePath, querystring: NoQuery } }, async (request, reply) => {
    const { log } = request
    const claim = await admission.admit('delete', {
      claim: bearerToken(request.raw),
      file: request.params.id,
      log,
    })
    const file = await store.find(claim.act.file)
    if (file === undefined && (await store.wasRemoved(claim.act.file))) throw new Problem('not-found')
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
    const etag = file && entityTag(file.digest)
    if (judge('DELETE', { ifMatch, ifNoneMatch }, etag) === 'failed') throw preconditionFailed()
    await admission.spend(claim, log)
    await store.remove(claim.act.file)
    log.info({ event: 'file.removed', file: claim.act.file, sessionId: claim.session })
    return reply.code(204).send()
  })
}
