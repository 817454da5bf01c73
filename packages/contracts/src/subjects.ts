/**
 * ⑤ The NATS subjects, built in one place.
 * Promise: no id, whatever it contains, can add a token, a wildcard or a level to a subject.
 */
import type { Audience } from './identifiers.ts'
import type { MemberId } from './members.ts'

/** Bytes outside [A-Za-z0-9_-] become `=XX`, so that the result is one token and decodes to one input only. */
export function subjectToken(id: string): string {
  return Buffer.from(id, 'utf8')
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9_-]/g,
      (byte) => `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
}

export function streamName(epoch: number): string {
  return `CURFEW_${epoch}`
}

/** Everything that is stored, `curfew.<epoch>.log.>`, or one entity's latest fact below it. */
export function logSubject(epoch: number, ...entity: string[]): string {
  return `curfew.${epoch}.log.${entity.length === 0 ? '>' : entity.map(subjectToken).join('.')}`
}

/** Where the server republishes every stored entry with its `Nats-Sequence`. */
export function feedSubject(epoch: number): string {
  return `curfew.${epoch}.feed.>`
}

/** ② What a verifier of one audience asks on a miss; NATS permissions tie a service to its own audience. */
export function resolveSubject(epoch: number, audience: Audience): string {
  return `curfew.${epoch}.resolve.${audience}`
}

/**
 * What members say ends in the service that says it: NATS permissions tie a service to its own name, so that no service
 * can acknowledge or leave in the name of another's member.
 */
export type Speaker = Audience | typeof SESSION_SERVICE | typeof ANY_SPEAKER

/** Replicas of the session service are members too. */
export const SESSION_SERVICE = 'session'
/** For those who listen. */
export const ANY_SPEAKER = '*'

/** ② Renewals: one replica of the queue group answers, all of them listen, to know who is alive. */
export function renewSubject(epoch: number, speaker: Speaker): string {
  return `curfew.${epoch}.lease.renew.${speaker}`
}

export function memberSubject(epoch: number, what: 'join' | 'leave', speaker: Speaker): string {
  return `curfew.${epoch}.member.${what}.${speaker}`
}

/** Where one replica hears that entries have taken effect. */
export function ackSubject(epoch: number, replica: MemberId, speaker: Speaker): string {
  return `curfew.${epoch}.ack.${replica}.${speaker}`
}

/** Who has spoken, on a subject that one of the three above names. */
export function speakerOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1)
}

/** Requests whose meaning does not depend on the epoch. */
export const SUBJECTS = {
  hello: 'curfew.hello',
  prepareSession: 'curfew.sessions.prepare',
  createSession: 'curfew.sessions.create',
  endSession: 'curfew.sessions.end',
  rotateSession: 'curfew.sessions.rotate',
  reportSecrets: 'curfew.sessions.secrets',
  listSessions: 'curfew.sessions.list',
  endOwnSession: 'curfew.sessions.end-own',
  endOtherSessions: 'curfew.sessions.end-others',
  recordEvent: 'curfew.audit.record',
  takeQuota: 'curfew.throttle.take',
  redeemClaim: 'curfew.claims.redeem',
  releaseClaim: 'curfew.claims.release',
  checkClaims: 'curfew.claims.check',
} as const

/** The audience whose verifier is told the secret's hash itself, because it meets the clients' own tokens. */
export const GATEWAY_AUDIENCE = 'gateway' as Audience

/** Replicas of the session service share requests through this queue group. */
export const SESSION_QUEUE = 'session'

/** ① The bucket of passwords that their owners have changed, in the gateway's own account of NATS. */
export const ACCOUNTS_BUCKET = 'curfew_accounts'
