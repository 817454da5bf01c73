/**
 * ① GET /sessions, DELETE /sessions/{id}, POST /sessions/revoke-others: people see and end their own sessions.
 * Promise: metadata only; a session of somebody else looks like one that does not exist; 204 and 200 mean that it is over;
 * a session that a backend has begun ends none that others have begun.
 */
import { deletedCookie } from '@curfew/browser-boundary'
import { isSessionId, subjectKey, type EffectState, type ListedSession } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'

import type { EndRefusal, OwnSession, OwnSessions, SessionAuthority } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { sessionIsOver } from './over.ts'
import { SessionBody, sessionBody } from './session-body.ts'

const ListedBody = Type.Object({
  ...SessionBody.properties,
  last_seen_at: Type.String(),
  address_class: Type.Optional(Type.String()),
  current: Type.Optional(Type.Literal(true)),
})
const ListAnswer = Type.Object({ sessions: Type.Array(ListedBody) })
const StateAnswer = Type.Object({ state: Type.String() })
/** What cannot be a session's id is not there, like an id that belongs to nobody. */
const IdParameter = Type.Object({ id: Type.String() })

export interface OwnSessionsRoutes {
  readonly boundary: Boundary
  readonly ownSessions: OwnSessions
  readonly authority: Pick<SessionAuthority, 'endOthers'>
  readonly cookieName: string
  readonly recentAuthenticationSeconds: number
}

export function addOwnSessionsRoutes(app: CurfewServer, routes: OwnSessionsRoutes): void {
  const { boundary, ownSessions, authority } = routes
  const requireRecent = app.requireRecentAuth({ maxAgeSeconds: routes.recentAuthenticationSeconds })

  const list = {
    schema: { response: { 200: ListAnswer }, ...described({ summary: 'The caller’s own sessions' }) },
    onRequest: [...boundary.liveSession],
  }
  app.get('/sessions', list, async (request) => {
    const { session } = request
    const sessions = await ownSessions.list(ownOf(request))
    return { sessions: sessions.map((listed) => listedBody(listed, listed.id === session.id)) }
  })

  app.delete(
    '/sessions/:id',
    {
      schema: {
        params: IdParameter,
        ...described({ summary: 'Ends one of the caller’s own sessions', answers: { 204: 'It is over' } }),
      },
      onRequest: [
        ...boundary.liveSession,
        // Ending the session that asks is a logout, which needs no more than the session.
        (request, reply, done) => (isOwnEnd(request) ? done() : requireRecent(request, reply, done)),
      ],
    },
    async (request, reply) => {
      await endOne(request, request.params.id, ownSessions)
      if (isOwnEnd(request)) forgetHere(request, reply, routes)
      return reply.code(204).send()
    },
  )

  const others = {
    schema: {
      response: { 200: StateAnswer },
      ...described({ summary: 'Ends all of the caller’s sessions but this one' }),
    },
    onRequest: [...boundary.liveSession, requireRecent],
  }
  app.post('/sessions/revoke-others', others, async (request) => {
    const { tenant, user, session: except } = ownOf(request)
    const by = { actor: subjectKey(tenant, user), reason: 'all others ended by their owner' }
    const outcome = await authority.endOthers({ tenant, user, except, ...by })
    const state = doneOrRefused(request, outcome)
    request.log.info({ event: 'session.others.ended', ...eventOf(request), state })
    return { state: certain(state) }
  })
}

async function endOne(request: FastifyRequest, id: string, ownSessions: OwnSessions): Promise<void> {
  if (!isSessionId(id)) throw new Problem('not-found')
  const outcome = await ownSessions.end(ownOf(request), id)
  if (outcome === 'unknown-session') throw new Problem('not-found')
  const state = doneOrRefused(request, outcome)
  request.log.info({ event: 'session.ended', ...eventOf(request), ended: id, state })
  certain(state)
}

/** @throws Problem when the authority has refused it to the session that asks */
function doneOrRefused(request: FastifyRequest, outcome: EffectState | EndRefusal): EffectState {
  if (outcome === 'over') throw sessionIsOver()
  if (outcome !== 'not-allowed') return outcome
  request.log.warn({ event: 'session.end.refused', reason: 'begun-by-client', ...eventOf(request) })
  throw new Problem('forbidden', 'a session that a backend has begun ends only sessions of the same backend')
}

/** @throws Problem when it may or may not have happened: repeating it is safe */
function certain(state: EffectState): EffectState {
  if (state === 'unknown') throw new Problem('unavailable', 'the end of the session is not certain yet')
  return state
}

function isOwnEnd(request: FastifyRequest): boolean {
  return (request.params as { id?: unknown }).id === request.session.id
}

function forgetHere(
  request: FastifyRequest,
  reply: FastifyReply,
  { boundary, cookieName }: OwnSessionsRoutes,
): void {
  if (boundary.credential(request).kind !== 'cookie') return
  void reply
    .header('set-cookie', deletedCookie(cookieName))
    .header('clear-site-data', '"cache", "cookies", "storage"')
}

function ownOf({ session: { id, tenant, user } }: FastifyRequest): OwnSession {
  return { tenant, user, session: id }
}

function eventOf({ session: { id, user } }: FastifyRequest): { sessionId: string; userId: string } {
  return { sessionId: id, userId: user }
}

function listedBody(listed: ListedSession, isCurrent: boolean) {
  return {
    ...sessionBody(listed),
    last_seen_at: listed.lastSeenAt,
    ...(listed.addressClass !== undefined && { address_class: listed.addressClass }),
    ...(isCurrent && { current: true as const }),
  }
}
