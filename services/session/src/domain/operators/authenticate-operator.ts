import {
  BROWSER_CLIENT,
  hashSecret,
  parseToken,
  type Permission,
  type SecretHash,
  type SessionId,
} from '@curfew/contracts'

import { holds } from '../log/permissions.ts'
import { mayOperate } from '../sessions/client-limits.ts'
import type { ClientRegistry } from '../sessions/clients.ts'
import { lookUp } from '../sessions/look-up.ts'
/**
 * ④ Finds out which operator is calling, by an operator's own session token.
 * Promise: malformed, unknown, wrong, revoked and expired look alike outside; while Redis is down, operators known here still pass.
 */
import type { SessionReports } from '../sessions/ports.ts'
import { touchDue } from '../sessions/resolve-sessions.ts'
import { secretSeen, type SecretPorts } from '../sessions/secret-seen.ts'
import { isOverlapOpen, standingOf } from '../sessions/secret-standing.ts'
import type { SessionRecord } from '../sessions/session-record.ts'
import type { KnownOperator, OperatorMemory } from './operator-memory.ts'
import { operatorOf, type Operator } from './operator.ts'
import type { CallerReports } from './ports.ts'

export interface OperatorPorts extends SecretPorts {
  readonly reports: SessionReports & CallerReports
  readonly operators: OperatorMemory
  readonly clients: Pick<ClientRegistry, 'find'>
}

export type Authentication =
  | { readonly kind: 'authenticated'; readonly operator: Operator }
  | { readonly kind: 'refused'; readonly reason: string; readonly sessionId?: SessionId }

export interface OperatorUse {
  /** False for what goes on by itself: it keeps no idle session alive. */
  readonly isActivity: boolean
}

export async function authenticateOperator(
  ports: OperatorPorts,
  token: string,
  use: OperatorUse,
): Promise<Authentication> {
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') return { kind: 'refused', reason: 'malformed' }
  const { sessionId } = parsed
  const found = await findLive(ports, sessionId, use)
  if (typeof found === 'string') return { kind: 'refused', reason: found, sessionId }
  const refusal = await settleSecret(ports, found.session, hashSecret(parsed.secret))
  if (refusal !== undefined) return { kind: 'refused', reason: refusal, sessionId }
  // What has been taken out of a browser's cookie is worth nothing to a program, as at the gateway.
  if (found.session.client === BROWSER_CLIENT) return { kind: 'refused', reason: 'channel', sessionId }
  return { kind: 'authenticated', operator: operatorOf(found, ports.view.wide) }
}

/** Why the secret is refused. What its use means for the session follows, also where Redis cannot be told at the moment. */
async function settleSecret(
  ports: OperatorPorts,
  session: SessionRecord,
  secretHash: SecretHash,
): Promise<'mismatch' | 'predecessor' | undefined> {
  const atMs = ports.clock.nowMs()
  const standing = standingOf(session, secretHash, atMs)
  if (standing === 'unknown') return 'mismatch'
  const matters = standing === 'predecessor' || (standing === 'current' && isOverlapOpen(session, atMs))
  const seen = { session: session.id, secretHash, atMs }
  if (matters) await secretSeen(ports, seen).catch((err: unknown) => ports.reports.secretUnsettled(err))
  return standing === 'predecessor' ? 'predecessor' : undefined
}

/** The session and its subject as they are now, or why it is not live. */
export async function findLive(
  ports: OperatorPorts,
  id: SessionId,
  { isActivity }: OperatorUse,
): Promise<KnownOperator | string> {
  try {
    const { sessions, nowMs, decidedAt } = await lookUp(ports, [id])
    const [found] = sessions
    if (found === undefined || found.verdict !== 'live') return found?.verdict ?? 'unknown'
    ports.operators.remember(found, decidedAt)
    if (isActivity) await touchDue(ports, sessions, nowMs)
    return found
  } catch (error) {
    // Only Redis may be missing: without a lease this replica may not know of a revocation that was confirmed without it.
    const known = ports.log.mayAnswer ? ports.operators.recall(id, ports.clock.nowMs()) : undefined
    if (known === undefined) throw error
    return known
  }
}

/** Whether the session could make a call that needs the permission at this moment. */
export async function couldCall(
  ports: OperatorPorts,
  id: SessionId,
  permission: Permission,
): Promise<boolean> {
  const found = await findLive(ports, id, { isActivity: false })
  if (typeof found === 'string' || !mayOperate(found.session, ports.clients)) return false
  return holds(operatorOf(found, ports.view.wide).permissions, permission)
}
