/** A service that asks an authorization server about each token, or remembers the answer for a while. */
import { fastify } from 'fastify'
import { Pool } from 'undici'

import { ANYWHERE, GUARDED_PATH, documentFor, type Guarded } from './guarded.ts'
import { CLIENT } from './oidc-provider.ts'

interface Introspected {
  readonly active: boolean
  readonly client_id?: string
}

const NOBODY: Introspected = { active: false }

/** @param cacheSeconds how long an answer is believed; 0: it is asked for each request */
export async function startIntrospecting(provider: string, cacheSeconds: number): Promise<Guarded> {
  const asking = createAsking(provider)
  const known = new Map<string, { readonly answer: Introspected; readonly untilMs: number }>()
  const introspect = async (token: string): Promise<Introspected> => {
    const cached = known.get(token)
    if (cached !== undefined && performance.now() < cached.untilMs) return cached.answer
    const answer = await asking.ask<Introspected>('/token/introspection', { token })
    if (cacheSeconds > 0) known.set(token, { answer, untilMs: performance.now() + cacheSeconds * 1_000 })
    return answer
  }
  const app = fastify()
  app.get(GUARDED_PATH, async (request, reply) => {
    const token = request.headers.authorization?.slice('Bearer '.length)
    const { active, client_id: client = '' } = token === undefined ? NOBODY : await introspect(token)
    if (!active) return reply.code(401).send({ error: 'unauthenticated' })
    return documentFor(client)
  })
  return {
    url: await app.listen(ANYWHERE),
    async signIn() {
      const grant = { grant_type: 'client_credentials', scope: 'documents' }
      const { access_token: token } = await asking.ask<{ readonly access_token: string }>('/token', grant)
      return { header: 'authorization', value: `Bearer ${token}` }
    },
    async revoke({ value }) {
      await asking.ask('/token/revocation', { token: value.slice('Bearer '.length) })
    },
    async close() {
      await app.close()
      await asking.close()
    },
  }
}

/** Over connections that are kept open, which asks for half the work that `fetch` does. */
function createAsking(provider: string) {
  const pool = new Pool(provider, { connections: 64 })
  const credentials = `${CLIENT.id}:${encodeURIComponent(CLIENT.secret)}`
  const headers = {
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  }
  return {
    async ask<Answer>(path: string, form: Record<string, string>): Promise<Answer> {
      const body = new URLSearchParams(form).toString()
      const response = await pool.request({ method: 'POST', path, headers, body })
      const text = await response.body.text()
      if (response.statusCode !== 200)
        throw new Error(`${path} was answered with ${response.statusCode}: ${text}`)
      return (text === '' ? undefined : JSON.parse(text)) as Answer
    },
    close: () => pool.destroy(),
  }
}
