/**
 * ③ → ⑦ Asks the file service what it holds, and to delete it, with claims minted for the caller of the moment.
 * Promise: only 200 means stored and only 404 means absent; whatever else it answers says nothing about the bytes.
 */
import { ByteCountSchema, DigestSchema, EntityTagSchema, type FileId } from '@curfew/one-time-claims'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import type { Content } from '../domain/document.ts'
import type { Caller, ClaimMint, FileService, FileServiceUrls } from '../ports.ts'

const LOOK_TIMEOUT_MS = 2_000
/** Deleting a large file takes its disk a moment. */
const REMOVE_TIMEOUT_MS = 5_000

const contentShape = Compile(
  Type.Object({ size: ByteCountSchema, digest: DigestSchema, etag: EntityTagSchema }),
)

export function createHttpFileService(urls: FileServiceUrls, claims: ClaimMint): FileService {
  const urlOf = (file: FileId): string => `${urls.outside}/files/${file}`

  async function send(method: 'HEAD' | 'DELETE', file: FileId, caller: Caller): Promise<Response> {
    const { claim } = await claims.mint({ op: method === 'HEAD' ? 'download' : 'delete', file }, caller)
    const response = await fetch(`${urls.inside}/files/${file}`, {
      method,
      headers: { authorization: `Bearer ${claim}`, 'x-request-id': caller.requestId },
      redirect: 'error',
      signal: AbortSignal.timeout(method === 'HEAD' ? LOOK_TIMEOUT_MS : REMOVE_TIMEOUT_MS),
    })
    // The status says it all; an unread body would hold the connection.
    await response.body?.cancel()
    return response
  }

  return {
    urlOf,
    look: async (file, caller) => {
      try {
        const response = await send('HEAD', file, caller)
        if (response.status === 404) return { kind: 'absent' }
        if (response.status !== 200) return unavailable(response)
        const content = readContent(response.headers)
        return content === undefined ? unavailable(response) : { kind: 'stored', content }
      } catch (cause) {
        return { kind: 'unavailable', cause }
      }
    },
    remove: async (file, caller) => {
      try {
        const response = await send('DELETE', file, caller)
        if (response.status === 204 || response.status === 404) return { kind: 'gone' }
        // The claim fits the file and the act by construction: only its session can be the reason.
        return response.status === 403 ? { kind: 'withdrawn' } : unavailable(response)
      } catch (cause) {
        return { kind: 'unavailable', cause }
      }
    },
  }
}

function unavailable({ status }: Response): { kind: 'unavailable'; cause: Error } {
  return { kind: 'unavailable', cause: new Error(`the file service answered ${status}`) }
}

function readContent(headers: Headers): Content | undefined {
  const content = {
    size: Number(headers.get('content-length') ?? Number.NaN),
    digest: headers.get('repr-digest'),
    etag: headers.get('etag'),
  }
  return contentShape.Check(content) ? content : undefined
}
