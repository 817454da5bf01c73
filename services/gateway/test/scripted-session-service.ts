/**
 * ④ A session service of a few lines, on real NATS: whoever logs in gets a session, and tests see what was asked and decide
 * what is answered. It grants no leases, so that the gateway asks about every token.
 */
import {
  CREATE_SESSION,
  END_OTHER_SESSIONS,
  END_SESSION,
  GATEWAY_AUDIENCE,
  HELLO,
  JOIN,
  PREPARE_SESSION,
  RECORD_EVENT,
  RENEW_LEASE,
  RESOLVE,
  ROTATE_SESSION,
  SUBJECTS,
  TAKE_QUOTA,
  formatPosition,
  formatSessionToken,
  hashSecret,
  memberSubject,
  newSessionId,
  newSessionSecret,
  renewSubject,
  resolveSubject,
  type GatewayEvent,
  type RequestContract,
  type Resolved,
  type SecretHash,
  type SessionId,
  type SessionInfo,
} from '@curfew/contracts'
import { answer, connectMessaging } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Static } from 'typebox'

type Answer<C extends RequestContract> = Static<C['answer']>
type Question<C extends RequestContract> = Static<C['question']>

/** What a test may want to go otherwise; what it leaves undefined goes well. */
export interface Script {
  rotate?: (question: Question<typeof ROTATE_SESSION>) => Answer<typeof ROTATE_SESSION>
  endOthers?: (question: Question<typeof END_OTHER_SESSIONS>) => Answer<typeof END_OTHER_SESSIONS>
  record?: () => void
  /** While it runs an attempt waits to be counted; its password is checked afterwards. */
  beforeCount?: () => Promise<void>
  /** While it runs the session is not created yet. */
  beforeCreate?: () => Promise<void>
}

interface Kept {
  info: SessionInfo
  secretHash: SecretHash
  born: number
}

export interface ScriptedSessionService {
  script: Script
  readonly created: Question<typeof CREATE_SESSION>[]
  readonly rotated: Question<typeof ROTATE_SESSION>[]
  readonly othersEnded: Question<typeof END_OTHER_SESSIONS>[]
  readonly events: GatewayEvent[]
  readonly takes: Question<typeof TAKE_QUOTA>['takes']
  /** Ends what is remembered of limits. */
  forgetCounts(): void
  close(): Promise<void>
}

const EPOCH = 1
const HOUR_MS = 3_600_000

/** @param natsUrl with the credentials of the session service */
export async function startScriptedSessionService(natsUrl: string): Promise<ScriptedSessionService> {
  const nc = await connectMessaging({ url: natsUrl, name: 'scripted-session-service' })
  const counters = new Map<string, Counter>()
  const service: ScriptedSessionService = {
    script: {},
    created: [],
    rotated: [],
    othersEnded: [],
    events: [],
    takes: [],
    forgetCounts: () => counters.clear(),
    close: () => nc.close(),
  }
  const kept = new KeptSessions()
  answerAboutSessions(nc, service, kept)
  answerForTheirHolders(nc, service, kept)
  answer(nc, RECORD_EVENT, SUBJECTS.recordEvent, (event) => {
    service.script.record?.()
    service.events.push(event)
    return {}
  })
  answer(nc, TAKE_QUOTA, SUBJECTS.takeQuota, async ({ takes }) => {
    await service.script.beforeCount?.()
    service.takes.push(...takes)
    return { taken: takes.map((take) => takeFrom(counters, take)) }
  })
  await nc.flush()
  return service
}

/** Sessions, and as much of the log as tells which of them are over. */
class KeptSessions {
  readonly byId = new Map<SessionId, Kept>()
  position = 1
  readonly #watermarks = new Map<string, { at: number; except: SessionId }>()

  live(id: SessionId): Kept | undefined {
    const kept = this.byId.get(id)
    return kept === undefined || this.isOver(kept) ? undefined : kept
  }

  isOver({ info, born }: Kept): boolean {
    const mark = this.#watermarks.get(`${info.tenant}/${info.user}`)
    return mark !== undefined && mark.except !== info.id && born < mark.at
  }

  endOthers(tenant: string, user: string, except: SessionId): void {
    this.position += 1
    this.#watermarks.set(`${tenant}/${user}`, { at: this.position, except })
  }

  resolved(id: SessionId): Resolved {
    const kept = this.byId.get(id)
    if (kept === undefined) return { status: 'refused', reason: 'unknown' }
    if (this.isOver(kept)) return { status: 'refused', reason: 'revoked' }
    const remaining = { idleRemainingMs: HOUR_MS, remainingMs: HOUR_MS, authAgeMs: 0 }
    const birth = formatPosition(EPOCH, kept.born)
    return { status: 'live', proof: kept.secretHash, session: kept.info, birth, ...remaining }
  }
}

function answerAboutSessions(
  nc: NatsConnection,
  service: ScriptedSessionService,
  sessions: KeptSessions,
): void {
  answer(nc, HELLO, SUBJECTS.hello, () => ({ epoch: EPOCH, leaseMs: 5_000 }))
  answer(nc, JOIN, memberSubject(EPOCH, 'join', GATEWAY_AUDIENCE), () => ({}))
  answer(nc, RENEW_LEASE, renewSubject(EPOCH, GATEWAY_AUDIENCE), () => ({ outcome: 'not-a-member' as const }))
  answer(nc, PREPARE_SESSION, SUBJECTS.prepareSession, () => ({
    birth: formatPosition(EPOCH, sessions.position),
  }))
  answer(
    nc,
    CREATE_SESSION,
    SUBJECTS.createSession,
    async (question): Promise<Answer<typeof CREATE_SESSION>> => {
      service.created.push(question)
      await service.script.beforeCreate?.()
      const secret = newSessionSecret()
      const info = infoOf(newSessionId(), question)
      const kept = { info, secretHash: hashSecret(secret), born: Number(question.birth.split('.')[1]) }
      if (sessions.isOver(kept)) return { outcome: 'refused', reason: 'revoked' }
      sessions.byId.set(info.id, kept)
      return { outcome: 'created', token: formatSessionToken(info.id, secret), session: info }
    },
  )
  answer(nc, END_SESSION, SUBJECTS.endSession, ({ session }): Answer<typeof END_SESSION> => {
    sessions.byId.delete(session)
    return { state: 'confirmed' }
  })
  answer(nc, RESOLVE, resolveSubject(EPOCH, GATEWAY_AUDIENCE), ({ sessions: ids }) => ({
    asOf: formatPosition(EPOCH, sessions.position),
    sessions: ids.map((id) => sessions.resolved(id)),
  }))
}

function answerForTheirHolders(
  nc: NatsConnection,
  service: ScriptedSessionService,
  sessions: KeptSessions,
): void {
  answer(nc, ROTATE_SESSION, SUBJECTS.rotateSession, (question): Answer<typeof ROTATE_SESSION> => {
    service.rotated.push(question)
    if (service.script.rotate) return service.script.rotate(question)
    const kept = sessions.live(question.session)
    if (kept === undefined) return { outcome: 'refused', reason: 'unknown' }
    if (kept.secretHash !== question.secretHash) return { outcome: 'superseded' }
    const secret = newSessionSecret()
    kept.secretHash = hashSecret(secret)
    return { outcome: 'rotated', token: formatSessionToken(kept.info.id, secret), session: kept.info }
  })
  answer(nc, END_OTHER_SESSIONS, SUBJECTS.endOtherSessions, (question): Answer<typeof END_OTHER_SESSIONS> => {
    service.othersEnded.push(question)
    if (service.script.endOthers) return service.script.endOthers(question)
    if (sessions.live(question.except) === undefined) return { outcome: 'refused' }
    sessions.endOthers(question.tenant, question.user, question.except)
    return { outcome: 'ended', state: 'confirmed' }
  })
}

interface Counter {
  used: number
  endsAt: number
}

type Take = Question<typeof TAKE_QUOTA>['takes'][number]

function takeFrom(counters: Map<string, Counter>, { policy, key, quota, windowSeconds, cost }: Take) {
  const now = Date.now()
  const known = counters.get(policy + key)
  const counter =
    known !== undefined && known.endsAt > now ? known : { used: 0, endsAt: now + windowSeconds * 1_000 }
  counter.used += cost
  if (counter.used > 0) counters.set(policy + key, counter)
  return {
    allowed: counter.used <= quota,
    remaining: Math.max(0, quota - counter.used),
    resetMs: counter.endsAt - now,
  }
}

function infoOf(id: SessionId, question: Question<typeof CREATE_SESSION>): SessionInfo {
  const { tenant, user, client, acr, amr, label } = question
  const now = new Date().toISOString()
  const expiresAt = new Date(Date.now() + HOUR_MS).toISOString()
  return {
    id,
    tenant,
    user,
    client,
    acr,
    amr,
    createdAt: now,
    authTime: now,
    idleExpiresAt: expiresAt,
    expiresAt,
    roles: ['editor'] as SessionInfo['roles'],
    permissions: ['documents:read'] as SessionInfo['permissions'],
    ...(label !== undefined && { label }),
  }
}
