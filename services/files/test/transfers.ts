/**
 * ⑦ What callers of the file service do, with claims that they got from the documents service.
 */
import { expectJson, type BearerClient } from '@curfew/test-kit'

export interface Transfer {
  readonly url: string
  readonly claim: string
}

export async function askForUpload(caller: BearerClient): Promise<Transfer & { readonly document: string }> {
  const description = { name: 'a.txt', content_type: 'text/plain' }
  const { document, upload } = await expectJson<{ document: { id: string }; upload: Transfer }>(
    await caller.post('/api/documents', description),
    201,
  )
  return { ...upload, document: document.id }
}

export function askForDownload(caller: BearerClient, document: string): Promise<Transfer> {
  return caller
    .post(`/api/documents/${document}/download`)
    .then((response) => expectJson<Transfer>(response, 200))
}

/** A document with these bytes, and a claim to download them. */
export async function storedFor(caller: BearerClient, content: string): Promise<Transfer> {
  const upload = await askForUpload(caller)
  const response = await send('PUT', upload, { body: content })
  if (response.status !== 201) throw new Error(`the upload was answered ${response.status}`)
  return askForDownload(caller, upload.document)
}

export interface SendExtras {
  /** Another replica than the one in the claim's URL. */
  readonly at?: string | undefined
  readonly body?: RequestInit['body']
}

export function send(method: string, { url, claim }: Transfer, extras: SendExtras = {}): Promise<Response> {
  const { at, body } = extras
  const place = at === undefined ? url : at + new URL(url).pathname
  const headers = {
    authorization: `Bearer ${claim}`,
    ...(body !== undefined && { 'content-type': 'text/plain' }),
  }
  return fetch(place, { method, headers, ...(body !== undefined && { body, duplex: 'half' }) })
}

export function sendForm({ url, claim }: Transfer, at: string): Promise<Response> {
  return fetch(at + new URL(url).pathname, { method: 'POST', body: new URLSearchParams({ claim }) })
}

/** Status and, of a problem, its code. */
export async function outcomeOf(response: Response): Promise<string> {
  const text = await response.text()
  if (!response.headers.get('content-type')?.startsWith('application/problem+json'))
    return String(response.status)
  return `${response.status} ${(JSON.parse(text) as { code: string }).code}`
}
