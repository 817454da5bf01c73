/**
 * ① GET /account, /documents and /login for people: pages that hold nothing about anybody, and the scripts that fill them.
 * Promise: nothing runs in them that this origin has not served as a file, nothing frames them, and no cache keeps them.
 */
import { ASSET_HEADERS, pageHeaders } from '@curfew/browser-boundary'
import { Problem, type CurfewServer, hidden, isNamedIn } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { PageFiles } from '../ports.ts'
import type { Boundary } from './boundary.ts'

/** The account page, with the dialog for a new password open. */
const PASSWORD_PAGE = '/account/password'

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

export interface PageRoutes {
  readonly boundary: Boundary
  readonly files: PageFiles
  /** Where the bytes of documents are; without it there is no page for them. */
  readonly filesOrigin: string | undefined
}

export function addPageRoutes(app: CurfewServer, { boundary, files, filesOrigin }: PageRoutes): void {
  // Whether the session is good a page finds out by itself; without one there is nothing to find out.
  const isNobody = (request: FastifyRequest): boolean => boundary.credential(request).kind === 'none'

  for (const url of ['/account', PASSWORD_PAGE])
    app.get(url, { schema: hidden() }, (request, reply) =>
      isNobody(request) ? reply.redirect('/login', 303) : sendPage(reply, files.account),
    )

  // Where password managers look for it (W3C, A Well-Known URL for Changing Passwords).
  app.get('/.well-known/change-password', { schema: hidden() }, (_request, reply) =>
    reply.redirect(PASSWORD_PAGE, 303),
  )

  if (filesOrigin !== undefined)
    app.get('/documents', { schema: hidden() }, (request, reply) =>
      isNobody(request) ? reply.redirect('/login', 303) : sendPage(reply, files.documents, filesOrigin),
    )

  app.get('/login', { schema: hidden() }, (request, reply) => {
    if (asksForPage(request)) return sendPage(reply, files.signIn)
    throw new Problem('method-not-allowed', undefined, { headers: { allow: 'POST' } })
  })

  app.get<{ Params: { name: string } }>('/assets/:name', { schema: hidden() }, (request, reply) => {
    const { name } = request.params
    const content = files.assets.get(name)
    const type = MEDIA_TYPES[name.slice(name.lastIndexOf('.') + 1)]
    if (content === undefined || type === undefined) throw new Problem('not-found')
    return reply.headers(ASSET_HEADERS).type(type).send(content)
  })
}

function sendPage(reply: FastifyReply, html: string, ...elsewhere: readonly string[]): FastifyReply {
  return reply
    .headers(pageHeaders(...elsewhere))
    .type('text/html; charset=utf-8')
    .send(html)
}

function asksForPage({ headers }: FastifyRequest): boolean {
  return isNamedIn(headers.accept, 'text/html')
}
