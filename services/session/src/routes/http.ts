import type { CurfewServer } from '@curfew/service-kit'

import type { HttpSettings } from '../config.ts'
import type { AuditTrail } from '../domain/audit/audit-trail.ts'
/**
 * ④ All HTTP endpoints of the session authority.
 * Promise: what the domain calls unavailable leaves as 503, whichever route it happened in.
 */
import type { Reports } from '../domain/audit/reports.ts'
import type { Members } from '../domain/log/ports.ts'
import type { Throttle } from '../domain/operators/throttle.ts'
import type { ClientRegistry } from '../domain/sessions/clients.ts'
import type { LimitPorts } from '../domain/sessions/limit-sessions.ts'
import { createClientGuard } from './clients/client-guard.ts'
import { postIntrospect } from './clients/post-introspect.ts'
import { postRevoke } from './clients/post-revoke.ts'
import { postSessionsPrepare } from './clients/post-sessions-prepare.ts'
import { postSessions } from './clients/post-sessions.ts'
import { addTokenEndpoints } from './clients/token-endpoints.ts'
import { getApprovals, postApproval } from './operators/approvals.ts'
import { getAudit, getAuditVerification, type AuditPorts } from './operators/get-audit.ts'
import { getEvents, type EventsPorts } from './operators/get-events.ts'
import { getGrants } from './operators/get-grants.ts'
import { getLimits } from './operators/get-limits.ts'
import { getRevocation } from './operators/get-revocation.ts'
import { getRevocations } from './operators/get-revocations.ts'
import { getRoles } from './operators/get-roles.ts'
import { getSession } from './operators/get-session.ts'
import { getSessions } from './operators/get-sessions.ts'
import { getStatistics, type StatisticsPorts } from './operators/get-statistics.ts'
import { getSubjects, type SubjectsPorts } from './operators/get-subjects.ts'
import { getTenants } from './operators/get-tenants.ts'
import { getVerifiers } from './operators/get-verifiers.ts'
import { createOperatorGuard } from './operators/operator-guard.ts'
import { postRevocations, type RevocationPorts } from './operators/post-revocations.ts'
import { putGrants } from './operators/put-grants.ts'
import { putRole } from './operators/put-role.ts'
import { suspendSubject } from './operators/suspend-subject.ts'
import { suspendTenant } from './operators/suspend-tenant.ts'
import { asProblem } from './shared/as-problem.ts'

export interface HttpPorts
  extends RevocationPorts, LimitPorts, AuditPorts, EventsPorts, StatisticsPorts, SubjectsPorts {
  readonly reports: Reports
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
