/**
 * ③ What a caller does with documents.
 */
import { expectJson, type BearerClient } from '@curfew/test-kit'

export interface DocumentBody {
  readonly id: string
  readonly name: string
  readonly content: { readonly size: number; readonly digest: string; readonly etag: string } | null
}

export interface Transfer {
  readonly url: string
  readonly method: string
  readonly claim: string
  readonly expires_at: string
}

export interface CreatedJson {
  readonly document: DocumentBody
  readonly upload: Transfer
}

export async function create(caller: BearerClient, changes: object = {}): Promise<CreatedJson> {
  const description = { name: 'a.txt', content_type: 'text/plain', ...changes }
  return expectJson(await caller.post('/api/documents', description), 201)
}

export function bytesInto({ url, claim }: Transfer, body: string): Promise<Response> {
  const headers = { authorization: `Bearer ${claim}`, 'content-type': 'text/plain' }
  return fetch(url, { method: 'PUT', headers, body })
}
