/** Sessions, entries and a verifier that follows a log: what the tests of the cores begin with. */
import {
  formatPosition,
  formatSessionToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  type ClientId,
  type LogEntry,
  type MemberId,
  type Permission,
  type RoleName,
  type SessionId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'

import type { SessionFact } from './session-fact.ts'
import { CoherentVerifier, type Presented } from './coherent-verifier.ts'

export const EPOCH = 1
export const LEASE_MS = 5000
export const at = (ms: number, wallOffsetMs = 0): Instant => ({
  monotonicMs: ms,
  wallMs: 1e12 + ms + wallOffsetMs,
})
export const position = (seq: number) => formatPosition(EPOCH, seq)

export type Answer = SessionFact['answer']

/** A session as a client and as a replica know it. */
export function newSession({
  tenant = 'acme',
  user = 'alice',
  client = 'api',
  birth = 1,
  permissions = ['documents:read'],
} = {}) {
  const [id, secret] = [newSessionId(), newSessionSecret()]
  const answer: Answer = {
    status: 'live',
    proof: hashSecret(secret),
    birth: position(birth),
    idleRemainingMs: 1_800_000,
    remainingMs: 43_200_000,
    authAgeMs: 0,
    session: {
      id,
      tenant: tenant as TenantId,
      user: user as UserId,
      client: client as ClientId,
      createdAt: '2026-01-01T00:00:00.000Z',
      authTime: '2026-01-01T00:00:00.000Z',
      acr: 'password',
      amr: ['pwd'],
      idleExpiresAt: '2026-01-01T00:30:00.000Z',
      expiresAt: '2026-01-01T12:00:00.000Z',
      roles: ['viewer' as RoleName],
      permissions: permissions as Permission[],
    },
  }
  return { id, token: formatSessionToken(id, secret), answer }
}

export const common = { v: 1, at: '2026-01-01T00:00:00.000Z', actor: 'system' } as const
export const barrier = (id = 'b'): LogEntry => ({ ...common, id, type: 'barrier', replica: 'r1' as MemberId })
export type RevocationScope = Extract<LogEntry, { type: 'revoked' }>['scope']
export const revoked = (scope: RevocationScope, except?: SessionId[]): LogEntry => ({
  ...common,
  id: 'r',
  type: 'revoked',
  scope,
  ...(except === undefined ? {} : { except }),
})

/** A verifier that follows the log at `applied` under a lease. */
export function following(
  applied = 10,
  maxSessions = 1000,
  onSecretSeen: (seen: Presented) => void = () => undefined,
) {
  const verifier = new CoherentVerifier({ acceptsSessionTokens: true, maxSessions, onSecretSeen })
  verifier.follow(EPOCH)
  verifier.receive(applied, barrier())
  verifier.lease.requested('n1', at(0))
  verifier.granted('n1', { epoch: EPOCH, barrier: applied, leaseMs: LEASE_MS })
  return verifier
}

export function remember(
  verifier: CoherentVerifier,
  session: ReturnType<typeof newSession>,
  asOf = 10,
  now = at(0),
) {
  const question = verifier.ask([session.id], now)
  return verifier.answered(question, session.answer, session.id, position(asOf))
}

/** What a check of the session's token would present. */
export const presenting = (session: ReturnType<typeof newSession>, now = at(0)): Presented => ({
  sessionId: session.id,
  proof: session.answer.proof,
  beganAt: now,
})
