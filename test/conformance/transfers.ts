/**
 * ③ ⑦ Documents of the proofs, and claims for them.
 */
import { expectJson } from '@curfew/test-kit'

import { asBearer, plain } from './calls.ts'
import { system } from './stage.ts'

export interface Transfer {
  readonly url: string
  readonly claim: string
}

export interface Document {
  readonly id: string
  readonly name: string
  /** One more claim to download it. */
  readonly download: () => Promise<Transfer>
  readonly remove: () => Promise<void>
}

export async function storeDocument(content: string, changes: object = {}): Promise<Document> {
  const alice = await system().login('alice')
  const description = { name: 'proof.txt', content_type: 'text/plain', ...changes }
  const { document, upload } = await expectJson<{
    document: { id: string; name: string }
    upload: Transfer
  }>(await alice.post('/api/documents', description), 201)
  const type = { 'content-type': description.content_type }
  await expectJson(await send('PUT', upload, { headers: type, body: content }), 201)
  return {
    ...document,
    download: async () => expectJson(await alice.post(`/api/documents/${document.id}/download`), 200),
    remove: async () => void (await alice.delete(`/api/documents/${document.id}`)),
  }
}

export function send(
  method: string,
  { url, claim }: Transfer,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  const { origin, pathname, search } = new URL(url)
  const extras = { headers: { ...asBearer(claim), ...headers }, ...(body !== undefined && { body }) }
  return plain(origin).request(method, pathname + search, extras)
}
