/** A gateway without sessions: Fastify's own proxy, as its documentation sets it up. */
import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'

/** @returns where it listens */
export async function startHttpProxy(upstream: string): Promise<{ url: string; close(): Promise<void> }> {
  const app = fastify()
  await app.register(httpProxy, { upstream, prefix: '/api/documents' })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, close: () => app.close() }
}
