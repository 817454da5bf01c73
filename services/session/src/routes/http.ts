/**
 * ④ All HTTP endpoints of the session authority.
 * Promise: what the domain calls unavailable leaves as 503, whichever route it happened in.
 */
import type { CurfewServer } from '@curfew/service-kit'

import type { HttpSettings } from '../config.ts'
import type { AuditTrail } from '../domain/audit-trail.ts'
import type { LimitPorts } from '../domain/limit-sessions.ts'
import type { Throttle } from '../domain/throttle.ts'
import type { Members } from '../ports.ts'
import type { ClientRegistry } from '../clients.ts'
import { getApprovals, postApproval } from './approvals.ts'
import { asProblem } from './as-problem.ts'
import { createClientGuard } from './client-guard.ts'
import { getAudit, getAuditVerification, type AuditPorts } from './get-audit.ts'
import { getEvents, type EventsPorts } from './get-events.ts'
import { getGrants } from './get-grants.ts'
import { getLimits } from './get-limits.ts'
import { getRevocation } from './get-revocation.ts'
import { getRevocations } from './get-revocations.ts'
import { getRoles } from './get-roles.ts'
import { getSession } from './get-session.ts'
import { getSessions } from './get-sessions.ts'
import { getStatistics, type StatisticsPorts } from './get-statistics.ts'
import { getSubjects, type SubjectsPorts } from './get-subjects.ts'
import { getTenants } from './get-tenants.ts'
import { getVerifiers } from './get-verifiers.ts'
import { createOperatorGuard } from './operator-guard.ts'
import { postIntrospect } from './post-introspect.ts'
import { postRevocations, type RevocationPorts } from './post-revocations.ts'
import { postRevoke } from './post-revoke.ts'
import { postSessionsPrepare } from './post-sessions-prepare.ts'
import { postSessions } from './post-sessions.ts'
import { putGrants } from './put-grants.ts'
import { putRole } from './put-role.ts'
import { suspendSubject } from './suspend-subject.ts'
import { suspendTenant } from './suspend-tenant.ts'
import { addTokenEndpoints } from './token-endpoints.ts'

export interface HttpPorts
  extends RevocationPorts, LimitPorts, AuditPorts, EventsPorts, StatisticsPorts, SubjectsPorts {
  readonly clients: ClientRegistry
  readonly members: Members
  readonly throttle: Throttle
  readonly audit: AuditTrail
  readonly clock: RevocationPorts['clock']
}

export function addHttpRoutes(app: CurfewServer, ports: HttpPorts, settings: HttpSettings): void {
  app.register(async (routes: CurfewServer) => {
    routes.setErrorHandler((error) => {
      throw asProblem(error)
    })
    // Who is told that something was done can rely on its being in the trail.
    routes.addHook('onSend', async (request) => ports.audit.settled(request.id))
    const { throttle, reports } = ports
    const throttling = { throttle, reports, policies: settings.policies }
    const guard = createOperatorGuard(ports, throttling, settings)
    routes.addHook('preHandler', guard.requireStill)
    postRevocations(routes, ports, { guard, approval: settings.approval })
    getApprovals(routes, ports, guard)
    postApproval(routes, ports, guard)
    getRevocations(routes, ports.history, guard)
    getRevocation(routes, ports, guard)
    getGrants(routes, ports, guard)
    putGrants(routes, ports, guard)
    putRole(routes, ports, guard)
    suspendSubject(routes, ports, guard)
    suspendTenant(routes, ports, { guard, approval: settings.approval })
    getTenants(routes, ports, guard)
    getRoles(routes, ports.view, guard)
    getSubjects(routes, ports, guard)
    getSessions(routes, ports, guard)
    getSession(routes, ports, guard)
    getVerifiers(routes, ports.members, guard)
    getEvents(routes, ports, guard)
    getStatistics(routes, ports, guard)
    getLimits(routes, settings, guard)
    getAudit(routes, ports, guard)
    getAuditVerification(routes, ports, { guard, retentionMs: settings.auditRetentionMs })
    const clientGuard = createClientGuard(ports.clients, throttling)
    postSessionsPrepare(routes, ports, clientGuard)
    postSessions(routes, ports, { guard: clientGuard, settings })
    addTokenEndpoints(routes, asProblem, (endpoints) => {
      postIntrospect(endpoints, ports, { guard: clientGuard, issuer: settings.issuer })
      postRevoke(endpoints, ports, clientGuard)
    })
  })
}
