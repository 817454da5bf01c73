/**
 * ④ Whether an operator may revoke a scope, single sessions included.
 * Promise: another tenant's session and one that does not exist are told apart by nobody; a lost Redis stops no global operator.
 */
import { subjectKey, type Scope, type SessionId, type Subject, type SubjectKey } from '@curfew/contracts'

import { reaches, reachOf, type Operator, type Reach } from '../operators/operator.ts'
import { lookUp, type LookedUp, type LookUpPorts } from '../sessions/look-up.ts'
import type { Affected } from './affected.ts'

export interface Reached {
  readonly reach: Reach
  /** Of one session, where it could be found: the same look shows what its revocation would end. */
  readonly affected?: Affected
}

export async function revocationReach(
  ports: LookUpPorts,
  operator: Operator,
  scope: Scope,
): Promise<Reached> {
  if (scope.type !== 'session') return { reach: reachOf(operator, scope) }
  return sessionReach(ports, operator, scope.session)
}

async function sessionReach(ports: LookUpPorts, operator: Operator, id: SessionId): Promise<Reached> {
  if (id === operator.sessionId) return { reach: 'allowed', affected: oneOf(operator.known.session, true) }
  try {
    const found = await findWithinReach(ports, operator, id)
    if (found === undefined) return { reach: 'hidden' }
    return { reach: 'allowed', affected: oneOf(found.session, found.verdict === 'live') }
  } catch (error) {
    // Whose it is matters to operators of one tenant only; ending a session that never was harms nobody.
    if (operator.isAdministrative && ports.log.isFollowing) return { reach: 'allowed' }
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

function oneOf({ tenant, user }: Subject, isLive: boolean): Affected {
  return { count: isLive ? 1 : 0, isComplete: true, owner: { tenant, user } }
}
