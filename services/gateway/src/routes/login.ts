/**
 * ① POST /login: a password becomes a session, in a cookie for browsers and in the body for programs.
 * Promise: a new token each time, the one presented is dead afterwards, and no refusal tells why.
 */
import { cookieValues, type CsrfTokens } from '@curfew/browser-boundary'
import { subjectKey, USER_ID_BYTES_MAX, type ClientId } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { Verifier, VerifiedSession } from '@curfew/verifier'
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import { deviceLane, strangerLane, type Lane } from '../domain/attempt-throttle.ts'
import { BROWSER, isRightChannel, type Credential } from '../domain/credential.ts'
import {
  DEVICE_COOKIE,
  DEVICE_LENGTH_MAX,
  deviceCookie,
  type AccountName,
  type DeviceProofs,
} from '../domain/device-cookie.ts'
import type { Place } from '../domain/fair-queue.ts'
import { logIn, type LoginPorts, type LoginResult } from '../domain/log-in.ts'
import { RETURN_LENGTH_MAX, returnAddress } from '../domain/return-address.ts'
import { renewHash } from '../domain/renew-hash.ts'
import { isGuess, type TokenGuessing } from '../domain/token-guessing.ts'
import { holderOf, type Boundary } from './boundary.ts'
import { callerOf } from './caller.ts'
import { BrowserAnswer, ProgramAnswer, answerWithToken } from './issued-token.ts'
import { ANONYMOUS, type Reports } from './reports.ts'
import { isForm, takeForms } from './sign-in-form.ts'

const LoginBody = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: USER_ID_BYTES_MAX }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
    tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    client: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    return_to: Type.Optional(Type.String({ maxLength: RETURN_LENGTH_MAX })),
    device: Type.Optional(
      Type.String({
        maxLength: DEVICE_LENGTH_MAX,
        description:
          'What the last login of a program has answered: its failures are then counted by themselves',
      }),
    ),
  },
  { additionalProperties: false },
)

/** `return_to`: the way back that was asked for, where it is one that may be followed. */
const LoginAnswer = Type.Union([
  Type.Object({ ...BrowserAnswer.properties, return_to: Type.Optional(Type.String()) }),
  Type.Object({ ...ProgramAnswer.properties, device: Type.String() }),
])

export interface LoginRoute {
  readonly boundary: Boundary
  readonly ports: LoginPorts
  readonly verifier: Verifier
  readonly csrf: CsrfTokens
  readonly cookieName: string
  readonly programmaticClients: ReadonlySet<ClientId>
  readonly defaultTenant: string | undefined
  readonly isTrustedProxy: (address: string) => boolean
  readonly devices: DeviceProofs
  readonly returnOrigins: ReadonlySet<string>
  readonly signInPage: string
  readonly guessing: TokenGuessing
  readonly reports: Reports
  readonly nowMs: () => number
}

export function addLoginRoute(app: CurfewServer, route: LoginRoute): void {
  const schema = {
    body: LoginBody,
    response: { 200: LoginAnswer },
    ...described({ summary: 'Begins a session', credentials: [] }),
  }

  void app.register((scope: CurfewServer, _options, registered) => {
    takeForms(scope, { html: route.signInPage, returnOrigins: route.returnOrigins })
    scope.post('/login', { schema, onRequest: [...route.boundary.ownSite] }, async (request, reply) => {
      const { created, device } = await begin(request, request.body, route)
      const answer = answerWithToken(reply, created, route)
      if ('token' in answer) return { ...answer, device }
      // Beside the session's.
      void reply.header('set-cookie', deviceCookie(device))
      const back = returnAddress(request.body.return_to ?? '', route.returnOrigins)
      if (isForm(request)) return reply.redirect(back ?? '/account', 303)
      return { ...answer, ...(back !== undefined && { return_to: back }) }
    })
    registered()
  })
}

async function begin(
  request: FastifyRequest,
  { username, password, tenant: named, client: asked, device: shown }: Static<typeof LoginBody>,
  route: LoginRoute,
): Promise<{ readonly created: Created; readonly device: string }> {
  const { boundary, ports, devices, reports, nowMs } = route
  const presented = boundary.credential(request)
  const tenant = named ?? route.defaultTenant
  if (tenant === undefined) throw new Problem('bad-request', 'member "tenant" is missing')
  const client = isForm(request) ? BROWSER : clientOf(asked, route.programmaticClients)

  const account = { tenant, username }
  if (client !== BROWSER && isSpokenForByStranger(request, route)) reports.untrustedProxy(request)
  const held = client === BROWSER ? cookieOfDevice(request) : shown
  const caller = callerOf(request)
  const lane = laneOf(account, held && devices.deviceOf(held, account, nowMs()), caller.addressKey)
  const result = await logIn(ports, {
    ...account,
    password,
    client,
    lane,
    label: caller.label,
    addressClass: caller.addressClass,
  })
  const created = createdOf(request, result, { client, reports })
  void renew(request, ports, { ...created, password, place: lane.place })
  await endPresented(request, presented, route)
  return { created, device: devices.issue(held, account, nowMs()) }
}

function clientOf(name: string | undefined, programmatic: ReadonlySet<ClientId>): ClientId {
  if (name === undefined || name === BROWSER) return BROWSER
  const client = name as ClientId
  if (programmatic.has(client)) return client
  throw new Problem('bad-request', 'member "client" names no client of this gateway')
}

/** The console, most of the time, where the settings have forgotten it. */
function isSpokenForByStranger(
  { headers, raw }: FastifyRequest,
  { isTrustedProxy }: Pick<LoginRoute, 'isTrustedProxy'>,
): boolean {
  const { remoteAddress = '' } = raw.socket
  const said = headers['x-forwarded-for']
  return said !== undefined && said !== remoteAddress && !isTrustedProxy(remoteAddress)
}

/** By which a browser shows who has logged in from it; a second one would leave no way to choose. */
function cookieOfDevice({ headers }: FastifyRequest): string | undefined {
  const [value, ...others] = cookieValues(headers.cookie, DEVICE_COOKIE)
  return others.length > 0 ? undefined : value
}

function laneOf(account: AccountName, device: string | undefined, address: string): Lane {
  return device === undefined ? strangerLane(account, address) : deviceLane(account, device, address)
}

type Created = Extract<LoginResult, { kind: 'created' }>

function createdOf(
  request: FastifyRequest,
  result: LoginResult,
  { client, reports }: { readonly client: ClientId; readonly reports: Reports },
): Created {
  switch (result.kind) {
    case 'busy':
      request.log.warn({ event: 'session.create.busy' })
      throw new Problem('unavailable', 'too many logins at once')
    case 'throttled':
      throw reports.throttled(request, result.usedUp, { client, ...result.subject })
    case 'refused': {
      const { reason, subject } = result
      request.log.warn({ event: 'session.create.refused', reason })
      const who = { actor: ANONYMOUS, client, ...subject }
      reports.audit(request, { type: 'login.refused', outcome: 'refused', reason, ...who })
      throw new Problem('invalid-credentials')
    }
    case 'created': {
      const { id, tenant, user } = result.session
      request.log.info({ event: 'session.created', sessionId: id, tenant, userId: user, client })
      reports.audit(request, { type: 'login.succeeded', outcome: 'done', ...holderOf(result.session) })
      return result
    }
  }
}

/** Nobody waits for it: the login has succeeded with what is stored. */
async function renew(
  request: FastifyRequest,
  ports: LoginPorts,
  { account, session, password, place }: Created & { readonly password: string; readonly place: Place },
): Promise<void> {
  try {
    const outcome = await renewHash(ports, account, { password, place })
    if (outcome === 'stored') request.log.info({ event: 'password.renewed', sessionId: session.id })
  } catch (err) {
    request.log.warn({ event: 'password.renewal.failed', sessionId: session.id, err })
  }
}

/** A token that was known before the login, to whomever, must not outlive it. */
async function endPresented(
  request: FastifyRequest,
  presented: Credential,
  route: LoginRoute,
): Promise<void> {
  const { verifier, ports, guessing, reports } = route
  if (presented.kind !== 'cookie' && presented.kind !== 'bearer') return
  const verdict = await verifier.check(presented.token)
  if (verdict.kind === 'refused') {
    request.log.warn({ event: 'session.check.refused', reason: verdict.reason, at: 'login' })
    if (!isGuess(verdict.reason)) return
    // Nobody gets such a token from here: somebody has put it into the browser, or is trying.
    guessing.note(callerOf(request).addressKey)
    const what = { type: 'cookie.planted', outcome: 'refused', reason: verdict.reason } as const
    if (presented.kind === 'cookie') reports.audit(request, { ...what, actor: ANONYMOUS })
  }
  if (verdict.kind === 'admitted' && isRightChannel(presented.kind, verdict.session.client))
    await endReplaced(request, verdict.session, ports)
}

async function endReplaced(
  request: FastifyRequest,
  session: VerifiedSession,
  { authority }: LoginPorts,
): Promise<void> {
  try {
    await authority.end(session.id, subjectKey(session.tenant, session.user), 'replaced by a new login')
    request.log.info({ event: 'session.replaced', sessionId: session.id })
  } catch (err) {
    // The new login stands; the old session ends by its own time.
    request.log.error({ event: 'session.replace.failed', sessionId: session.id, err })
  }
}
