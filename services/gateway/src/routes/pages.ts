/**
 * ① GET /, /account, /documents and /login for people, and whatever they look for in vain: pages that hold nothing about anybody, and the scripts that fill them.
 * Promise: nothing runs in them that this origin has not served as a file, nothing frames them, and no cache keeps them.
 */
import { ASSET_HEADERS, pageHeaders } from '@curfew/browser-boundary'
import { Problem, type CurfewServer, hidden, isNamedIn } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'

import type { PageFiles } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { signInPage } from './sign-in-form.ts'

const ACCOUNT_PAGE = '/account'
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
  readonly returnOrigins: ReadonlySet<string>
}

export function addPageRoutes(app: CurfewServer, routes: PageRoutes): void {
  const { boundary, files, filesOrigin, returnOrigins } = routes
  // Whether the session is good a page finds out by itself; without one there is nothing to find out.
  const page = (path: string, html: string, ...elsewhere: readonly string[]): void => {
    app.get(path, { schema: hidden() }, (request, reply) =>
      boundary.credential(request).kind === 'none'
        ? reply.redirect(signInFor(path), 303)
        : sendPage(reply, html, ...elsewhere),
    )
  }
  page(ACCOUNT_PAGE, files.account)
  page(PASSWORD_PAGE, files.account)
  if (filesOrigin !== undefined) page('/documents', files.documents, filesOrigin)

  app.get('/', { schema: hidden() }, (request, reply) => {
    if (asksForPage(request)) return reply.redirect(ACCOUNT_PAGE, 303)
    throw new Problem('not-found')
  })
  answerUnknownPaths(app, files.notFound)

  // Where password managers look for it (W3C, A Well-Known URL for Changing Passwords).
  app.get('/.well-known/change-password', { schema: hidden() }, (_request, reply) =>
    reply.redirect(PASSWORD_PAGE, 303),
  )

  const login = { schema: { querystring: SignInQuery, ...hidden() } }
  app.get('/login', login, (request, reply) => {
    if (!asksForPage(request))
      throw new Problem('method-not-allowed', undefined, { headers: { allow: 'POST' } })
    const { return_to: asked } = request.query
    const fields = typeof asked === 'string' ? { return_to: asked } : {}
    return reply.send(signInPage(reply, { html: files.signIn, returnOrigins }, { fields }))
  })

  app.get<{ Params: { name: string } }>('/assets/:name', { schema: hidden() }, (request, reply) => {
    const { name } = request.params
    const content = files.assets.get(name)
    const type = MEDIA_TYPES[name.slice(name.lastIndexOf('.') + 1)]
    if (content === undefined || type === undefined) throw new Problem('not-found')
    return reply.headers(ASSET_HEADERS).type(type).send(content)
  })
}

/** A link with a way back that is not followed still leads to the sign-in page. */
const SignInQuery = Type.Object({
  return_to: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
})

function signInFor(path: string): string {
  return path === ACCOUNT_PAGE ? '/login' : `/login?return_to=${encodeURIComponent(path)}`
}

/** People get a page; programs the problem. */
function answerUnknownPaths(app: CurfewServer, html: string): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!request.is404 || reply.statusCode !== 404 || !asksForPage(request)) return done(null, payload)
    void reply.headers(pageHeaders()).type('text/html; charset=utf-8')
    done(null, html)
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
