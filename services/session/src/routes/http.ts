/**
 * ④ All HTTP endpoints of the session authority.
 * Promise: what the domain calls unavailable leaves as 503, whichever route it happened in.
 */
import { Problem, type CurfewServer } from '@curfew/service-kit'

import type { SessionLimits } from '../domain/create-session.ts'
import type { ClientRegistry, Members } from '../ports.ts'
import { createClientGuard } from './client-guard.ts'
import { getGrants } from './get-grants.ts'
import { getRevocation } from './get-revocation.ts'
import { getRevocations } from './get-revocations.ts'
import { getSession } from './get-session.ts'
import { getSessions } from './get-sessions.ts'
import { getVerifiers } from './get-verifiers.ts'
import { createOperatorGuard } from './operator-guard.ts'
import { postRevocations, type RevocationPorts } from './post-revocations.ts'
import { postSessions } from './post-sessions.ts'
import { putGrants } from './put-grants.ts'
import { putRole } from './put-role.ts'
import { suspendSubject } from './suspend-subject.ts'
import { suspendTenant } from './suspend-tenant.ts'

export interface HttpSettings {
  readonly limits: SessionLimits
  readonly recentAuthenticationMs: number
}

export interface HttpPorts extends RevocationPorts {
  readonly clients: ClientRegistry
  readonly members: Members
}

export function addHttpRoutes(app: CurfewServer, ports: HttpPorts, settings: HttpSettings): void {
  app.register(async (routes: CurfewServer) => {
    routes.setErrorHandler((error) => {
      throw isUnavailable(error) ? new Problem('unavailable', undefined, { cause: error }) : error
    })
    const guard = createOperatorGuard(ports, settings.recentAuthenticationMs)
    postRevocations(routes, ports, guard)
    getRevocations(routes, ports.history, guard)
    getRevocation(routes, ports, guard)
    getGrants(routes, ports, guard)
    putGrants(routes, ports, guard)
    putRole(routes, ports, guard)
    suspendSubject(routes, ports, guard)
    suspendTenant(routes, ports, guard)
    getSessions(routes, ports, guard)
    getSession(routes, ports, guard)
    getVerifiers(routes, ports.members, guard)
    const clientGuard = createClientGuard(ports.clients, ports.reports)
    postSessions(routes, ports, { guard: clientGuard, limits: settings.limits })
  })
}

function isUnavailable(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && error.code === 'unavailable' && error.name === 'Unavailable'
  )
}
