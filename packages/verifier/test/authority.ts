/**
 * ④ A session authority for tests: real questions over real NATS, answers, leases and entries as the test wants them. It
 * republishes entries itself, so that it can also lose some.
 */
import {
  ANY_SPEAKER,
  AcknowledgementSchema,
  GATEWAY_AUDIENCE,
  HELLO,
  JOIN,
  LEAVE,
  RENEW_LEASE,
  RESOLVE,
  SUBJECTS,
  ackSubject,
  feedSubject,
  formatPosition,
  formatRelayToken,
  formatSessionToken,
  hashSecret,
  memberSubject,
  newSessionId,
  newSessionSecret,
  relayValueFor,
  renewSubject,
  resolveSubject,
  streamName,
  type Acknowledgement,
  type Audience,
  type ClientId,
  type LogEntry,
  type MemberId,
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
import { headers, type NatsConnection } from '@nats-io/transport-node'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'

interface Issued {
  readonly id: SessionId
  readonly secret: SessionSecret
  readonly token: string
  readonly relayToken: (audience: Audience) => string
}

/** An entry without what all have in common. */
type Fact = LogEntry extends infer Entry
  ? Entry extends LogEntry
    ? Omit<Entry, 'v' | 'id' | 'at' | 'actor'>
    : never
  : never

const REPLICA = 'replica-1' as MemberId
const ANY_AUDIENCE = '*' as Audience
const acknowledgement = Compile(AcknowledgementSchema)

export interface AuthorityOptions {
  readonly epoch?: number
  readonly leaseMs?: number
}

export class Authority {
  /** What it was asked for, in order. */
  readonly asked: SessionId[][] = []
  /** Which of them were asked about without being used. */
  readonly passive: SessionId[][] = []
  readonly minSeqs: number[] = []
  readonly members: MemberId[] = []
  readonly left: MemberId[] = []
  readonly renewals: MemberId[] = []
  readonly acknowledged: Acknowledgement[] = []
  /** What is granted: `silent` does not answer. */
  grants: 'granted' | 'not-a-member' | 'silent' = 'granted'
  permissions = ['documents:read']
  idleRemainingMs = 60_000
  /** Changes what is answered to a whole question; may publish entries that the answer has missed. */
  distortion: ((answers: Resolved[]) => unknown) | undefined
  onAcknowledged: ((acknowledged: Acknowledgement) => void) | undefined
  onLeave: (() => void) | undefined
  joinRefusal: Extract<Static<typeof JOIN.answer>, { refused: unknown }> | undefined
  seq = 1
  /** Entries take their place, and nobody hears of them. */
  isFeedSilent = false
  readonly #nc: NatsConnection
  readonly #epoch: number
  readonly #leaseMs: number
  readonly #secrets = new Map<SessionId, SessionSecret>()
  readonly #refused = new Map<SessionId, RefusalReason>()
  #serving: Pick<Answering, 'unsubscribe'>[] = []

  constructor(nc: NatsConnection, { epoch = 1, leaseMs = 5_000 }: AuthorityOptions = {}) {
    this.#nc = nc
    this.#epoch = epoch
    this.#leaseMs = leaseMs
    this.serve()
  }

  serve(): void {
    const [nc, epoch, leaseMs] = [this.#nc, this.#epoch, this.#leaseMs]
    this.#serving = [
      answer(nc, HELLO, SUBJECTS.hello, () => ({ epoch, leaseMs })),
      answer(nc, RESOLVE, resolveSubject(epoch, ANY_AUDIENCE), (question, { subject }) => {
        const { sessions, minSeq, passive = [] } = question
        this.minSeqs.push(minSeq)
        this.passive.push(passive)
        return this.#resolve(sessions, subject.slice(subject.lastIndexOf('.') + 1) as Audience)
      }),
      answer(nc, JOIN, memberSubject(epoch, 'join', ANY_SPEAKER), (member) => {
        this.members.push(member.member)
        if (this.joinRefusal !== undefined) return this.joinRefusal
        this.publish({ type: 'joined', ...member })
        return {}
      }),
      answer(nc, LEAVE, memberSubject(epoch, 'leave', ANY_SPEAKER), ({ member }) => {
        this.onLeave?.()
        this.left.push(member)
        return {}
      }),
      answer(nc, RENEW_LEASE, renewSubject(epoch, ANY_SPEAKER), ({ member }) => this.#renew(member)),
      nc.subscribe(ackSubject(epoch, '*' as MemberId, ANY_SPEAKER), {
        callback: (_, message) => {
          const value: unknown = message.json()
          if (!acknowledgement.Check(value)) throw new Error('no acknowledgement')
          this.acknowledged.push(value)
          this.onAcknowledged?.(value)
        },
      }),
    ]
  }

  async stop(): Promise<void> {
    for (const one of this.#serving.splice(0)) one.unsubscribe()
    await this.#nc.flush()
  }

  issue(): Issued {
    const [id, secret] = [newSessionId(), newSessionSecret()]
    this.#secrets.set(id, secret)
    return {
      id,
      secret,
      token: formatSessionToken(id, secret),
      relayToken: (audience) => formatRelayToken(id, relayValueFor(hashSecret(secret), audience)),
    }
  }

  /** Answered from now on, which verifiers that remember the session do not hear. */
  refuse(session: SessionId, reason: RefusalReason): void {
    this.#refused.set(session, reason)
  }

  /** @returns the sequence of the entry */
  revoke(session: SessionId): number {
    this.refuse(session, 'revoked')
    return this.publish({ type: 'revoked', scope: { type: 'session', session }, ackTo: REPLICA })
  }

  /** Every session belongs to this user. */
  changePermissions(permissions: string[]): number {
    this.permissions = permissions
    const [tenant, user] = ['acme' as TenantId, 'alice' as UserId]
    const granted = permissions as Permission[]
    return this.publish({
      type: 'grants-changed',
      tenant,
      user,
      roles: [],
      permissions: granted,
      ackTo: REPLICA,
    })
  }

  publish(fact: Fact): number {
    const seq = this.lose()
    const entry = { v: 1, id: `entry-${seq}`, at: new Date().toISOString(), actor: 'system', ...fact }
    this.publishRaw(seq, JSON.stringify(entry))
    return seq
  }

  publishRaw(seq: number, text: string): void {
    if (this.isFeedSilent) return
    const carried = headers()
    carried.set('Nats-Sequence', String(seq))
    carried.set('Nats-Stream', streamName(this.#epoch))
    this.#nc.publish(feedSubject(this.#epoch).replace('>', 'entry'), text, { headers: carried })
  }

  /** A message that no log has republished. */
  answerOntoFeed(text: string): void {
    this.#nc.publish(feedSubject(this.#epoch).replace('>', 'entry'), text)
  }

  /** An entry that nobody hears of. */
  lose(): number {
    this.seq += 1
    return this.seq
  }

  #renew(member: MemberId) {
    this.renewals.push(member)
    if (this.grants === 'silent') return new Promise<never>(() => undefined)
    if (this.grants === 'not-a-member') return { outcome: 'not-a-member' } as const
    const barrier = this.publish({ type: 'barrier', replica: REPLICA })
    return { outcome: 'granted', epoch: this.#epoch, barrier, leaseMs: this.#leaseMs } as const
  }

  async #resolve(sessions: SessionId[], audience: Audience) {
    this.asked.push(sessions)
    const asOf = formatPosition(this.#epoch, this.seq)
    const answers = sessions.map((session) => this.#lookUp(session, audience))
    const changed = (await this.distortion?.(answers)) ?? answers
    return { asOf, sessions: changed as Resolved[] }
  }

  #lookUp(session: SessionId, audience: Audience): Resolved {
    const reason = this.#refused.get(session)
    const secret = this.#secrets.get(session)
    if (reason !== undefined) return { status: 'refused', reason }
    if (secret === undefined) return { status: 'refused', reason: 'unknown' }
    const hash = hashSecret(secret)
    const proof = audience === GATEWAY_AUDIENCE ? hash : relayValueFor(hash, audience)
    const { idleRemainingMs, permissions } = this
    const birth = formatPosition(this.#epoch, 1)
    return {
      status: 'live',
      proof,
      birth,
      session: infoOf(session, permissions),
      idleRemainingMs,
      remainingMs: 600_000,
      authAgeMs: 1_000,
    }
  }
}

function infoOf(id: SessionId, permissions: string[]): SessionInfo {
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
    permissions: permissions as Permission[],
  }
}
