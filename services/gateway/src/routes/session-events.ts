/**
 * ① GET /session/events: tells an open page at once when its session ends, and what it may do when that changes.
 * Promise: after `revoked` nothing comes any more; `unsure` is no verdict, and whoever hears it asks again; a stream that is
 * merely open keeps no idle session alive.
 */
import { subjectKey } from '@curfew/contracts'
import { EventStream, EventStreams, type CurfewServer, described } from '@curfew/service-kit'
import { SessionEnded, type VerifiedSession, type Verifier } from '@curfew/verifier'

import type { Boundary } from './boundary.ts'

export interface SessionEventsRoute {
  readonly boundary: Boundary
  readonly verifier: Verifier
}

export function addSessionEventsRoute(app: CurfewServer, { boundary, verifier }: SessionEventsRoute): void {
  const streams = new EventStreams()
  app.addHook('preClose', (done) => {
    streams.endAll()
    done()
  })

  app.get(
    '/session/events',
    {
      schema: described({
        summary: 'Tells when the session ends, and what it may do when that changes',
        answers: { 200: { events: '`permissions`; last `revoked`, `replaced` or `unsure`' } },
      }),
      exposeHeadRoute: false,
      config: { isActivity: false },
      onRequest: [...boundary.liveSession],
    },
    (request, reply) => {
      const { session } = request
      const owner = { session: session.id, person: subjectKey(session.tenant, session.user) }
      const stream = streams.add(owner, () => new EventStream(reply))
      // Not `request.sessionSignal`: the same watch also says what the session may do.
      const tell = tellOnce(session, stream)
      const { signal, release } = verifier.watch(session, { permissions: [], onChanged: tell })
      const end = (): void => stream.end(lastEventFor(signal.reason))
      if (signal.aborted) end()
      else signal.addEventListener('abort', end, { once: true })
      stream.onClose(release)
      tell(session)
    },
  )
}

/** Why a session has ended is for the log: outside, all reasons look the same. */
function lastEventFor(reason: unknown): string {
  return reason instanceof SessionEnded && reason.reason !== 'unsure' ? 'revoked' : 'unsure'
}

function tellOnce(session: VerifiedSession, stream: EventStream): (session: VerifiedSession) => void {
  let told = textOf(session)
  return (now) => {
    const text = textOf(now)
    if (text === told) return
    told = text
    stream.send('permissions', { roles: now.roles, permissions: [...now.permissions] })
  }
}

function textOf({ roles, permissions }: VerifiedSession): string {
  return JSON.stringify([roles, [...permissions]])
}
