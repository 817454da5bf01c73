/** ④ Clients that send forms, as OAuth has it. */
import { BACKEND, type Replica } from './stage.ts'

interface Form {
  readonly fields: Record<string, string> | string
  readonly client?: { readonly id: string; readonly secret: string } | undefined
  readonly headers?: Record<string, string>
}

function basic({ id, secret }: { id: string; secret: string }): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

export async function postForm(
  { url }: Replica,
  path: string,
  { fields, client = BACKEND, headers = {} }: Form,
): Promise<Response> {
  return fetch(new URL(path, url), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: basic(client),
      ...headers,
    },
    body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
  })
}
