/**
 * ③ ⑥ ⑦ What a caller does with documents, in the words of the tests.
 */
import { expectJson, type BearerClient, type BrowserClient, type HttpClient } from '@curfew/test-kit'

type Caller = BearerClient | BrowserClient

export interface Transfer {
  readonly url: string
  readonly method: string
  readonly claim: string
  readonly expires_at: string
}

export interface CreatedDocument {
  readonly document: { readonly id: string; readonly name: string }
  readonly upload: Transfer
}

export async function createDocument(caller: Caller, name = 'report.txt'): Promise<CreatedDocument> {
  return expectJson(await caller.post('/api/documents', { name, content_type: 'text/plain' }), 201)
}

export async function upload(
  { url, claim }: Transfer,
  content: string | Buffer<ArrayBuffer>,
): Promise<Response> {
  return fetch(url, {
    method: 'PUT',
    headers: { authorization: `Bearer ${claim}`, 'content-type': 'text/plain' },
    body: content,
  })
}

/** A document whose bytes are stored. @returns its id */
export async function storeDocument(caller: Caller, content: string | Buffer<ArrayBuffer>): Promise<string> {
  const created = await createDocument(caller)
  const response = await upload(created.upload, content)
  if (!response.ok) throw new Error(`the upload was answered ${response.status}: ${await response.text()}`)
  return created.document.id
}

export async function askForDownload(caller: Caller, id: string): Promise<Transfer> {
  return expectJson(await caller.post(`/api/documents/${id}/download`), 200)
}

export async function download({ url, claim }: Transfer): Promise<Response> {
  return fetch(url, { headers: { authorization: `Bearer ${claim}` } })
}

export function readsDocuments(caller: HttpClient): Promise<Response> {
  return caller.get('/api/documents')
}
