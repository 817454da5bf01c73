/**
 * ①–⑦ What callers do in the proofs, as they would with curl: every header is sent and seen as it is.
 */
import { expectJson, HttpClient, type RequestExtras } from '@curfew/test-kit'

import { gatewayUrl, system } from './stage.ts'

export const COOKIE = '__Host-session'

/** A caller that adds nothing by itself. */
export function plain(url: string = gatewayUrl()): HttpClient {
  return new HttpClient(url)
}

export function logIn(username: string, client?: string, extras: RequestExtras = {}): Promise<Response> {
  const { tenant, password } = system().account(username)
  const json = { tenant, username, password, ...(client !== undefined && { client }) }
  return plain().request('POST', '/login', { json, ...extras })
}

/** The session cookies that an answer sets, as they stand in its headers. */
export function sessionCookies(response: Response): string[] {
  return response.headers.getSetCookie().filter((cookie) => cookie.startsWith(`${COOKIE}=`))
}

/** The value of the one session cookie that an answer sets. */
export function tokenSet(response: Response): string {
  const [cookie = '', ...others] = sessionCookies(response)
  if (others.length > 0) throw new Error('two session cookies in one answer')
  return cookie.slice(COOKIE.length + 1).split(';')[0] ?? ''
}

export const asCookie = (token: string): Record<string, string> => ({ cookie: `${COOKIE}=${token}` })
export const asBearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

export interface Introspection {
  readonly active: boolean
  readonly exp?: number
  readonly iat?: number
  readonly auth_time?: number
  readonly acr?: string
  readonly sid?: string
  readonly scope?: string
}

/** What the first trusted backend is told about a token. */
export async function introspect(token: string, url = system().services.session.url): Promise<Introspection> {
  return expectJson<Introspection>(await postForm(`${url}/introspect`, { token }), 200)
}

export function basicOf({ id, secret }: { id: string; secret: string }): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

/** As the first trusted backend, unless `authorization` is given. */
export function postForm(
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const [client] = system().clients
  if (client === undefined) throw new Error('no client')
  return fetch(url, {
    method: 'POST',
    headers: { authorization: basicOf(client), ...headers },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  })
}
