/**
 * The page, at whatever address of it somebody opens, and the files that belong to it.
 * Promise: the same for everybody: it holds nothing about anybody until it has asked.
 */
import { ASSET_HEADERS, pageHeaders } from '@curfew/browser-boundary'
import { Problem, isNamedIn, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { PageFile, PageFiles } from '../ports.ts'

export function addPages(app: CurfewServer, { page, assets }: PageFiles): void {
  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) => {
    const file = assets.get(request.params.name)
    if (file === undefined) throw new Problem('not-found')
    return send(request, reply.headers(ASSET_HEADERS), file)
  })
  app.get('/api/*', { config: { isGap: true } }, () => {
    throw new Problem('not-found')
  })
  // Views have addresses of their own, which the page's router knows.
  for (const url of ['/', '/*'])
    app.get(url, (request, reply) => {
      if (!asksForPage(request)) throw new Problem('not-found')
      return send(request, reply.headers(pageHeaders()), page)
    })
}

function send(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  void reply.type(file.type)
  if (file.gzipped === undefined) return reply.send(file.content)
  void reply.header('vary', 'Accept, Accept-Encoding')
  if (!isNamedIn(request.headers['accept-encoding'], 'gzip')) return reply.send(file.content)
  return reply.header('content-encoding', 'gzip').send(file.gzipped)
}

function asksForPage({ headers }: FastifyRequest): boolean {
  return isNamedIn(headers.accept, 'text/html')
}
