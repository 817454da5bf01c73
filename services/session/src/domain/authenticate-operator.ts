/**
 * ④ Finds out which operator is calling, by an operator's own session token.
 * Promise: malformed, unknown, wrong, revoked and expired look alike outside; while Redis is down, operators known here still pass.
 */
import { hashSecret, parseToken, type SessionId } from '@curfew/contracts'

import type { Reports } from '../ports.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'
import { operatorOf, type Operator } from './operator.ts'
import type { KnownOperator, OperatorMemory } from './operator-memory.ts'
import { touchDue } from './resolve-sessions.ts'

export interface OperatorPorts extends LookUpPorts {
  readonly operators: OperatorMemory
  readonly reports: Reports
}

export type Authentication =
  | { readonly kind: 'authenticated'; readonly operator: Operator }
  | { readonly kind: 'refused'; readonly reason: string; readonly sessionId?: SessionId }

export async function authenticateOperator(ports: OperatorPorts, token: string): Promise<Authentication> {
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') return { kind: 'refused', reason: 'malformed' }
  const { sessionId } = parsed
  const found = await findLive(ports, sessionId)
  if (typeof found === 'string') return { kind: 'refused', reason: found, sessionId }
  // Compared as text: what timing could tell is a part of the stored hash, which does not help to find the secret.
  if (hashSecret(parsed.secret) !== found.session.secretHash)
    return { kind: 'refused', reason: 'mismatch', sessionId }
  return { kind: 'authenticated', operator: operatorOf(found, ports.view.wide) }
}

/** The session and its subject as they are now, or why it is not live. */
export async function findLive(ports: OperatorPorts, id: SessionId): Promise<KnownOperator | string> {
  try {
    const { sessions, nowMs, decidedAt } = await lookUp(ports, [id])
    const [found] = sessions
    if (found === undefined || found.verdict !== 'live') return found?.verdict ?? 'unknown'
    ports.operators.remember(found, decidedAt)
    await touchDue(ports, sessions, nowMs)
    return found
  } catch (error) {
    // Only Redis may be missing: without a lease this replica may not know of a revocation that was confirmed without it.
    const known = ports.log.mayAnswer ? ports.operators.recall(id, ports.clock.nowMs()) : undefined
    if (known === undefined) throw error
    return known
  }
}
