/**
 * ④ A session authority for the tests of the verifier: real questions over real NATS, answers as the test wants them.
 */
import {
  GATEWAY_AUDIENCE,
  HELLO,
  RESOLVE,
  SUBJECTS,
  formatPosition,
  formatRelayToken,
  formatSessionToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  relayValueFor,
  resolveSubject,
  type Audience,
  type ClientId,
  type Permission,
  type RefusalReason,
  type Resolved,
  type RoleName,
  type SessionId,
  type SessionInfo,
  type SessionSecret,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { answer, type Answering } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

interface Issued {
  readonly id: SessionId
  readonly secret: SessionSecret
  readonly token: string
  relayToken(audience: Audience): string
}

export interface Authority {
  /** The batches it was asked for, in order. */
  readonly asked: SessionId[][]
  issue(): Issued
  refuse(session: SessionId, reason: RefusalReason): void
  /** Changes what is answered to a whole question. */
  distort(change: ((answers: Resolved[]) => unknown) | undefined): void
  stop(): Promise<void>
}

const ANY_AUDIENCE = '*' as Audience

export function startAuthority(nc: NatsConnection, epoch = 1): Authority {
  const secrets = new Map<SessionId, SessionSecret>()
  const refused = new Map<SessionId, RefusalReason>()
  const asked: SessionId[][] = []
  let distortion: ((answers: Resolved[]) => unknown) | undefined

  function resolve(session: SessionId, audience: Audience): Resolved {
    const reason = refused.get(session)
    const secret = secrets.get(session)
    if (reason !== undefined) return { status: 'refused', reason }
    if (secret === undefined) return { status: 'refused', reason: 'unknown' }
    const hash = hashSecret(secret)
    const proof = audience === GATEWAY_AUDIENCE ? hash : relayValueFor(hash, audience)
    return { status: 'live', proof, session: infoOf(session), idleRemainingMs: 60_000, remainingMs: 600_000 }
  }

  const serving: Answering[] = [
    answer(nc, HELLO, SUBJECTS.hello, () => ({ epoch })),
    answer(nc, RESOLVE, resolveSubject(epoch, ANY_AUDIENCE), async ({ sessions }, { subject }) => {
      asked.push(sessions)
      const audience = subject.slice(subject.lastIndexOf('.') + 1) as Audience
      const answers = sessions.map((session) => resolve(session, audience))
      const changed = (await distortion?.(answers)) ?? answers
      return { asOf: formatPosition(epoch, 1), sessions: changed as Resolved[] }
    }),
  ]

  return {
    asked,
    issue() {
      const [id, secret] = [newSessionId(), newSessionSecret()]
      secrets.set(id, secret)
      return {
        id,
        secret,
        token: formatSessionToken(id, secret),
        relayToken: (audience) => formatRelayToken(id, relayValueFor(hashSecret(secret), audience)),
      }
    },
    refuse: (session, reason) => void refused.set(session, reason),
    distort: (change) => void (distortion = change),
    async stop() {
      for (const one of serving) one.unsubscribe()
      await nc.flush()
    },
  }
}

function infoOf(id: SessionId): SessionInfo {
  return {
    id,
    tenant: 'acme' as TenantId,
    user: 'alice' as UserId,
    client: 'browser' as ClientId,
    createdAt: '2026-01-01T00:00:00.000Z',
    authTime: '2026-01-01T00:00:00.000Z',
    acr: 'aal1',
    amr: ['pwd'],
    idleExpiresAt: '2026-01-01T00:30:00.000Z',
    expiresAt: '2026-01-01T12:00:00.000Z',
    roles: ['editor' as RoleName],
    permissions: ['documents:read' as Permission],
  }
}
