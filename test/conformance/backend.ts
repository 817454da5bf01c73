/**
 * ④ Sessions by the hundred, as a trusted backend makes them: no password is checked, so they cost little. None of them is an
 * operator's: those begin at the gateway, and here as it asks for them.
 */
import {
  CREATE_SESSION,
  PREPARE_SESSION,
  SUBJECTS,
  type ClientId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { ask, connectMessaging } from '@curfew/messaging'
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

export async function newOperatorToken(tenant: string, user: string): Promise<string> {
  const nc = await connectMessaging({ url: system().servers.natsUrl('gateway'), name: 'conformance' })
  try {
    const { birth } = await ask(nc, PREPARE_SESSION, SUBJECTS.prepareSession, {})
    const whose = { tenant: tenant as TenantId, user: user as UserId, client: 'api' as ClientId }
    const asked = { birth, ...whose, acr: 'aal1', amr: ['pwd'] }
    const answer = await ask(nc, CREATE_SESSION, SUBJECTS.createSession, asked)
    if (answer.outcome !== 'created') throw new Error(`refused: ${answer.reason}`)
    return answer.token
  } finally {
    await nc.close()
  }
}
