/**
 * ④ Whether an operator may revoke a scope, single sessions included.
 * Promise: another tenant's session and one that does not exist are told apart by nobody; a lost Redis stops no global operator.
 */
import type { Scope, SessionId } from '@curfew/contracts'

import { lookUp, type LookUpPorts } from './look-up.ts'
import { reaches, reachOf, type Operator, type Reach } from './operator.ts'

export async function revocationReach(ports: LookUpPorts, operator: Operator, scope: Scope): Promise<Reach> {
  return scope.type === 'session' ? sessionReach(ports, operator, scope.session) : reachOf(operator, scope)
}

async function sessionReach(ports: LookUpPorts, operator: Operator, id: SessionId): Promise<Reach> {
  if (id === operator.sessionId) return 'allowed'
  try {
    const [found] = (await lookUp(ports, [id])).sessions
    if (found === undefined || found.verdict === 'unknown') return 'hidden'
    return reaches(operator, found.session.tenant) ? 'allowed' : 'hidden'
  } catch (error) {
    // Whose it is matters to operators of one tenant only; ending a session that never was harms nobody.
    if (operator.isAdministrative && ports.log.isFollowing) return 'allowed'
    throw error
  }
}
