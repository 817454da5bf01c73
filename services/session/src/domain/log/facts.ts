/**
 * ④ ⑤ What the log has said, as facts about one entity each, and how two facts about the same entity become one.
 * Promise: the later position wins whatever the order of arrival, so every way of reading the log ends in the same view.
 */
import type {
  ClientId,
  LogEntry,
  Member,
  MemberId,
  Permission,
  Position,
  RoleName,
  SessionId,
  Subject,
  SubjectKey,
  TenantId,
} from '@curfew/contracts'
import { subjectKey } from '@curfew/contracts'

/** The latest revocation of a scope: it ends every session born before it, except those it names. */
export interface Watermark {
  readonly position: Position
  readonly except: readonly SessionId[]
}

export interface Grants {
  readonly position: Position
  readonly roles: readonly RoleName[]
  readonly permissions: readonly Permission[]
}

export interface RoleDefinition {
  readonly position: Position
  readonly permissions: readonly Permission[]
}

export interface Suspension {
  readonly position: Position
  readonly suspended: boolean
}

/** Whether a process takes part in the protocol; its last word, since ids are never reused. */
export interface Membership {
  readonly position: Position
  /** Null once it has left or was evicted. */
  readonly member: Member | null
  readonly isEvicted: boolean
  readonly at: string
}

export interface LeaseLength {
  readonly position: Position
  readonly leaseMs: number
  readonly previousLeaseMs: number
}

/** What is known of one (tenant, user); an absent member means that the log has never said anything about it. */
export interface SubjectFacts {
  readonly watermark?: Watermark | undefined
  readonly grants?: Grants | undefined
  readonly suspension?: Suspension | undefined
}

/** Facts that are few and touch many sessions; every replica holds all of them in memory. */
export type WideFact =
  | { readonly kind: 'global'; readonly value: Watermark }
  | { readonly kind: 'tenant'; readonly tenant: TenantId; readonly value: Watermark }
  | { readonly kind: 'client'; readonly client: ClientId; readonly value: Watermark }
  | {
      readonly kind: 'role'
      readonly tenant: TenantId
      readonly role: RoleName
      readonly value: RoleDefinition
    }
  | { readonly kind: 'suspension'; readonly tenant: TenantId; readonly value: Suspension }
  | { readonly kind: 'member'; readonly member: MemberId; readonly value: Membership }
  | { readonly kind: 'lease'; readonly value: LeaseLength }

export type Fact =
  | { readonly reach: 'wide'; readonly fact: WideFact }
  | { readonly reach: 'subject'; readonly subject: SubjectKey; readonly facts: SubjectFacts }
  | { readonly reach: 'session'; readonly session: SessionId; readonly position: Position }

/** The fact that an entry states; undefined for entries that only mark a place in the log. */
export function factOf(entry: LogEntry, position: Position): Fact | undefined {
  switch (entry.type) {
    case 'genesis':
    case 'opened':
    case 'closed':
    case 'barrier':
    // It states nothing: which secrets a session has is for the store to say.
    case 'rotated':
      return undefined
    case 'revoked':
      return revocationFact(entry.scope, { position, except: entry.except ?? [] })
    case 'grants-changed': {
      const { roles, permissions } = entry
      return aboutSubject(entry, { grants: { position, roles, permissions } })
    }
    case 'role-changed': {
      const { tenant, role, permissions } = entry
      return { reach: 'wide', fact: { kind: 'role', tenant, role, value: { position, permissions } } }
    }
    case 'suspended':
    case 'resumed': {
      const { tenant, user } = entry
      const suspension = { position, suspended: entry.type === 'suspended' }
      if (user !== undefined) return aboutSubject({ tenant, user }, { suspension })
      return { reach: 'wide', fact: { kind: 'suspension', tenant, value: suspension } }
    }
    case 'joined': {
      const { member, kind, service, host, protocol, at } = entry
      const joined = { member, kind, service, host, protocol }
      return aboutMember(member, { position, member: joined, isEvicted: false, at })
    }
    case 'left':
    case 'evicted':
      return aboutMember(entry.member, {
        position,
        member: null,
        isEvicted: entry.type === 'evicted',
        at: entry.at,
      })
    case 'config': {
      const { leaseMs, previousLeaseMs } = entry
      return { reach: 'wide', fact: { kind: 'lease', value: { position, leaseMs, previousLeaseMs } } }
    }
  }
}

function revocationFact(scope: RevokedScope, value: Watermark): Fact {
  switch (scope.type) {
    case 'session':
      return { reach: 'session', session: scope.session, position: value.position }
    case 'user':
      return aboutSubject(scope, { watermark: value })
    case 'client':
      return { reach: 'wide', fact: { kind: 'client', client: scope.client, value } }
    case 'tenant':
      return { reach: 'wide', fact: { kind: 'tenant', tenant: scope.tenant, value } }
    case 'global':
      return { reach: 'wide', fact: { kind: 'global', value } }
  }
}

function aboutMember(member: MemberId, value: Membership): Fact {
  return { reach: 'wide', fact: { kind: 'member', member, value } }
}

type RevokedScope = Extract<LogEntry, { type: 'revoked' }>['scope']

function aboutSubject(of: Subject, facts: SubjectFacts): Fact {
  return { reach: 'subject', subject: subjectKey(of.tenant, of.user), facts }
}

/** The later of two facts about the same entity. */
export function newer<T extends { readonly position: Position }>(
  a: T | undefined,
  b: T | undefined,
): T | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return b.position > a.position ? b : a
}

export function mergeSubjectFacts(a: SubjectFacts, b: SubjectFacts | undefined): SubjectFacts {
  if (b === undefined) return a
  return {
    watermark: newer(a.watermark, b.watermark),
    grants: newer(a.grants, b.grants),
    suspension: newer(a.suspension, b.suspension),
  }
}
