/**
 * ① POST /session/password: a new password, for who shows the current one.
 * Promise: afterwards the other sessions of the account are over and this one has a new token, in the channel that it came by.
 */
import { csrfBindingOf, type CsrfTokens } from '@curfew/browser-boundary'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import {
  changePassword,
  type PasswordChangePorts,
  type PasswordChangeResult,
} from '../domain/change-password.ts'
import { holderOf, type Boundary } from './boundary.ts'
import { callerOf } from './caller.ts'
import { answerWithToken } from './issued-token.ts'
import type { Reports } from './reports.ts'
import { SessionBody } from './session-body.ts'

const Password = Type.String({ minLength: 1, maxLength: 1024 })
const PasswordBody = Type.Object(
  { current_password: Password, new_password: Password },
  { additionalProperties: false },
)

/** `recorded`: the other sessions are over, though not every service has said so yet; `unknown`: end them once more. */
const OtherSessions = Type.Union([
  Type.Literal('confirmed'),
  Type.Literal('recorded'),
  Type.Literal('unknown'),
])
const PasswordAnswer = Type.Union([
  Type.Object({ session: SessionBody, csrf_token: Type.String(), other_sessions: OtherSessions }),
  Type.Object({
    token: Type.String(),
    token_type: Type.Literal('Bearer'),
    session: SessionBody,
    other_sessions: OtherSessions,
  }),
])

export interface PasswordRoute {
  readonly boundary: Boundary
  readonly ports: PasswordChangePorts
  readonly csrf: CsrfTokens
  readonly cookieName: string
  readonly reports: Reports
}

export function addPasswordRoute(app: CurfewServer, route: PasswordRoute): void {
  const schema = {
    body: PasswordBody,
    response: { 200: PasswordAnswer },
    ...described({ summary: 'A new password; all other sessions end' }),
  }
  const hooks = { schema, onRequest: [...route.boundary.liveSession] }

  app.post('/session/password', hooks, async (request, reply) => {
    const result = await change(request, request.body, route)
    if (result.kind === 'changed')
      return { ...answerWithToken(reply, result, route), other_sessions: result.others }
    throw problemOf(request, { ...route, result })
  })
}

type Body = Static<typeof PasswordBody>

async function change(
  request: FastifyRequest,
  { current_password: currentPassword, new_password: newPassword }: Body,
  { boundary, ports, reports }: PasswordRoute,
): Promise<PasswordChangeResult> {
  const { id: session, tenant, user } = request.session
  const credential = boundary.credential(request)
  const binding = 'token' in credential ? csrfBindingOf(credential.token) : undefined
  if (binding === undefined) throw new Error('a session has been admitted without a session token')
  const holder = { tenant, user, session, secretHash: binding.secretHash }
  const address = callerOf(request).addressKey

  let isChanged = false
  const onChanged = (): void => {
    isChanged = true
    request.log.info({ event: 'password.changed', sessionId: session, tenant, userId: user })
    reports.audit(request, { type: 'password.changed', outcome: 'done', ...holderOf(request.session) })
  }
  try {
    const steps = { requireStill: () => request.recheckSession(), onChanged }
    return await changePassword(ports, { holder, address, currentPassword, newPassword }, steps)
  } catch (cause) {
    if (!isChanged) throw cause
    request.log.error({ event: 'password.effect.failed', sessionId: session, err: cause })
    const detail =
      'the password has been changed, but the end of the other sessions is not certain: end them from their list'
    throw new Problem('unavailable', detail, { cause })
  }
}

interface Concluding<Kind> extends PasswordRoute {
  readonly result: Kind
}

type Changed = Extract<PasswordChangeResult, { kind: 'changed' }>

function problemOf(
  request: FastifyRequest,
  { result, ports, reports }: Concluding<Exclude<PasswordChangeResult, Changed>>,
): Problem {
  const who = holderOf(request.session)
  switch (result.kind) {
    case 'busy':
      return new Problem('unavailable', 'too many passwords are being checked')
    case 'throttled':
      return reports.throttled(request, result.usedUp, who)
    case 'wrong-password':
      request.log.warn({ event: 'password.change.refused', reason: result.kind, sessionId: who.session })
      reports.audit(request, { type: 'password.refused', outcome: 'refused', reason: result.kind, ...who })
      return new Problem('invalid-credentials', 'the current password is wrong')
    case 'unacceptable':
      request.log.info({ event: 'password.change.refused', reason: result.fault, sessionId: who.session })
      return new Problem('password-unacceptable', whyOf(result.fault, ports))
    case 'conflict':
      return new Problem('conflict', 'the password has been changed by somebody else in the meantime')
    case 'superseded':
      return new Problem(
        'conflict',
        'the password has been changed; another request has renewed this session',
      )
    case 'unrenewed': {
      const { isCertain, cause } = result
      request.log.error({ event: 'password.effect.failed', sessionId: who.session, err: cause })
      const end = 'the password has been changed and the other sessions end'
      return isCertain
        ? new Problem(
            'unavailable',
            `${end}; this one goes on as it was: the log has no room for another token`,
          )
        : new Problem('unavailable', `${end}; whether this one has another token is not certain`, { cause })
    }
    case 'session-over':
      return new Problem('unauthenticated', 'the password has been changed, but this session is over', {
        headers: { 'www-authenticate': 'Bearer realm="curfew", error="invalid_token"' },
      })
  }
}

type Fault = Extract<PasswordChangeResult, { kind: 'unacceptable' }>['fault']

function whyOf(fault: Fault, { rules }: PasswordChangePorts): string {
  return fault === 'unchanged' ? 'it is the current one' : rules.explain(fault)
}
