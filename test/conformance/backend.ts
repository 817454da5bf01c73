/**
 * ④ Sessions by the hundred, as a trusted backend makes them: no password is checked, so they cost little.
 */
import { expectJson } from '@curfew/test-kit'

import { basicOf, plain } from './calls.ts'
import { system } from './stage.ts'

const AT_ONCE = 20

/** Of users of their own, so that nobody's limit is reached, unless one is named. */
export async function newTokens(count: number, user?: string): Promise<readonly string[]> {
  const tokens: string[] = []
  while (tokens.length < count) {
    const some = Math.min(AT_ONCE, count - tokens.length)
    const batch = Array.from({ length: some }, (_, at) => newToken(user ?? `user-${tokens.length + at}`))
    tokens.push(...(await Promise.all(batch)))
  }
  return tokens
}

/** @param more members of the request beyond tenant and user */
export async function newToken(user: string, more: object = {}): Promise<string> {
  const [client] = system().clients
  if (client === undefined) throw new Error('no client')
  const headers = { authorization: basicOf(client) }
  const request = { json: { tenant: 'acme', user, ...more }, headers }
  const response = await plain(system().services.session.url).request('POST', '/v1/sessions', request)
  return (await expectJson<{ token: string }>(response, 201)).token
}
