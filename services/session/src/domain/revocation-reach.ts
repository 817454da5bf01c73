/**
 * ④ Whether an operator may revoke a scope, single sessions included.
 * Promise: another tenant's session and one that does not exist are told apart by nobody; a lost Redis stops no global operator.
 */
import { subjectKey, type Scope, type SessionId, type SubjectKey } from '@curfew/contracts'

import { lookUp, type LookedUp, type LookUpPorts } from './look-up.ts'
import { reaches, reachOf, type Operator, type Reach } from './operator.ts'

export async function revocationReach(ports: LookUpPorts, operator: Operator, scope: Scope): Promise<Reach> {
  return scope.type === 'session' ? sessionReach(ports, operator, scope.session) : reachOf(operator, scope)
}

async function sessionReach(ports: LookUpPorts, operator: Operator, id: SessionId): Promise<Reach> {
  if (id === operator.sessionId) return 'allowed'
  try {
    return (await findWithinReach(ports, operator, id)) === undefined ? 'hidden' : 'allowed'
  } catch (error) {
    // Whose it is matters to operators of one tenant only; ending a session that never was harms nobody.
    if (operator.isAdministrative && ports.log.isFollowing) return 'allowed'
    throw error
  }
}

type FoundSession = Exclude<LookedUp, { readonly verdict: 'unknown' }>

/** Undefined for a session that is not there and for one that the operator may not know of, after the same work. */
export async function findWithinReach(
  ports: LookUpPorts,
  operator: Operator,
  id: SessionId,
): Promise<FoundSession | undefined> {
  const [found] = (await lookUp(ports, [id])).sessions
  if (found !== undefined && found.verdict !== 'unknown')
    return reaches(operator, found.session.tenant) ? found : undefined
  // For one that is there its subject is read as well: how long it takes must not tell.
  if (!operator.isAdministrative) await ports.subjects.read([subjectOf(operator)])
  return undefined
}

function subjectOf({ known: { session } }: Operator): SubjectKey {
  return subjectKey(session.tenant, session.user)
}
