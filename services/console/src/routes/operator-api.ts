/**
 * `/api/v1/*`: the operator API of the session authority, called as the operator whose cookie came along.
 * Promise: the calls of `domain/operator-api.ts` and no other; the token goes there and comes back to nobody.
 */
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'

import { OPERATOR_CALLS, headersForApi, headersForPage, pathOf } from '../domain/operator-api.ts'
import type { OperatorCall } from '../domain/operator-api.ts'
import type { Backend } from '../ports.ts'
import type { OwnPage } from './own-page.ts'

export interface OperatorApiRoutes {
  readonly ownPage: OwnPage
  readonly authority: Backend
}

export function addOperatorApi(app: CurfewServer, routes: OperatorApiRoutes): void {
  app.register((api, _options, done) => {
    // The API judges the body; a call that takes none passes none on.
    api.removeAllContentTypeParsers()
    api.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, parsed) =>
      parsed(null, body),
    )
    for (const call of OPERATOR_CALLS)
      api.route({
        method: call.method,
        url: `/api${call.path}`,
        ...(call.takesBody === true && { schema: { body: Type.Unknown() } }),
        // It would open a stream of events that nobody reads.
        exposeHeadRoute: false,
        onRequest: routes.ownPage.signedIn,
        handler: (request, reply) => forward(request, reply, { ...routes, call }),
      })
    done()
  })
}

interface Forwarding extends OperatorApiRoutes {
  readonly call: OperatorCall
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  { ownPage, authority, call }: Forwarding,
): Promise<FastifyReply> {
  const { search } = new URL(request.url, 'http://console')
  const path = pathOf(call, request.params as Record<string, string>, search)
  if (path === undefined) throw new Problem('not-found')
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const body = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : undefined
  const answer = await authority.call({
    method: call.method,
    path,
    headers: {
      ...headersForApi(request.headers),
      authorization: `Bearer ${ownPage.tokenIn(request) ?? ''}`,
      'x-request-id': request.id,
    },
    body,
    signal: gone.signal,
  })
  return reply.code(answer.status).headers(headersForPage(answer.headers)).send(answer.body)
}
