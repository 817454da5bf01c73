/**
 * ⑦ `POST /files/{id}` with a form field `claim`: how a plain page, without a script, gets a file once.
 */
import { bearerToken } from '@curfew/fastify'
import { Type } from '@fastify/type-provider-typebox'
import { formFields, Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { sentTwice } from '../errors.ts'
import { FilePath, NoQuery } from './request-shapes.ts'

const ClaimForm = Type.Object({ claim: Type.String() }, { additionalProperties: false })
/** A claim of the greatest length, percent-encoded where it must be, and its name. */
const FORM_LIMIT_BYTES = 8 * 1024

type Deliver = (
  request: FastifyRequest<{ Params: { id: string } }>,
  claim: string,
  reply: FastifyReply,
) => Promise<FastifyReply>

export function addDeliverForm(app: CurfewServer, deliver: Deliver): void {
  void app.register(async (forms: CurfewServer) => {
    forms.removeAllContentTypeParsers()
    forms.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'buffer', bodyLimit: FORM_LIMIT_BYTES },
      (_request, body, done) => {
        const fields = formFields(body as Buffer)
        done(fields === undefined ? new Problem('bad-request', 'the form is malformed') : null, fields)
      },
    )
    forms.post<{ Params: { id: string }; Body: { claim: string } }>(
      '/files/:id',
      { schema: { params: FilePath, querystring: NoQuery, body: ClaimForm } },
      (request, reply) => {
        if (bearerToken(request.raw) !== undefined) throw sentTwice()
        return deliver(request, request.body.claim, reply)
      },
    )
  })
}
