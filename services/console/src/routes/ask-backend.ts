/**
 * A question to the gateway or the session authority on behalf of the person at the page, and its answer read to the end.
 * Promise: what was asked for, or a Problem: what is behind the console says so, or says nothing that could be understood.
 */
import { PROBLEMS, type ProblemCode } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

import { headersForPage } from '../domain/operator-api.ts'
import type { Backend, BackendAnswer } from '../ports.ts'
import { readJson } from './read-json.ts'

const Session = Type.Object({ permissions: Type.Array(Type.String()) })
/** Of a session that has just got a secret. */
export const Issued = Type.Object({ token: Type.String(), session: Session })
/** Cookie characters only: it becomes one. */
export const LoggedIn = Type.Object({
  ...Issued.properties,
  device: Type.String({ pattern: '^[A-Za-z0-9_.~-]{1,1024}$' }),
})
export const Known = Type.Object({ session: Session })

type Expected = typeof Issued | typeof Known | typeof LoggedIn

export interface Asked<T extends Expected> {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly path: string
  readonly token?: string | undefined
  /** A question without a body is a GET. */
  readonly body?: object
  readonly expected: T
}

/** @throws Problem */
export async function ask<T extends Expected>(
  backend: Backend,
  { request, reply, path, token, body, expected }: Asked<T>,
): Promise<Static<T>> {
  const answer = await backend.call({
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: headersFor(request, token, body !== undefined),
    body: body && JSON.stringify(body),
    signal: goneSignal(reply),
  })
  const said = await readJson(answer.body)
  if (answer.status === 200 && Value.Check(expected, said)) return said
  throw problemIn(answer, said)
}

/** The gateway names devices, and counts attempts by addresses, where it trusts this proxy. */
export function headersFor(
  request: FastifyRequest,
  token: string | undefined,
  isJson: boolean,
): Record<string, string> {
  const { 'user-agent': userAgent } = request.headers
  return {
    'x-request-id': request.id,
    'x-forwarded-for': request.ip,
    'x-forwarded-proto': request.protocol,
    ...(userAgent !== undefined && { 'user-agent': userAgent }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(isJson && { 'content-type': 'application/json' }),
  }
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

const Said = Type.Object({ code: Type.String(), detail: Type.Optional(Type.String()) })

function problemIn({ headers }: BackendAnswer, said: unknown): Problem {
  if (!Value.Check(Said, said) || !isProblemCode(said.code)) return new Problem('upstream-failed')
  const { 'content-type': _, ...passed } = headersForPage(headers)
  return new Problem(said.code, said.detail, { headers: passed })
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}
