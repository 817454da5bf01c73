/** What the operator API answers, as far as the page reads it. */

export interface Session {
  readonly id: string
  readonly tenant: string
  readonly user: string
  readonly client: string
  readonly created_at: string
  readonly auth_time: string
  readonly idle_expires_at: string
  readonly expires_at: string
  readonly acr: string
  readonly amr: readonly string[]
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly label?: string
  readonly address_class?: string
  readonly current?: boolean
}

export interface SessionPage {
  readonly sessions: readonly Session[]
  readonly next_cursor: string | null
}

export type Scope =
  | { readonly type: 'session'; readonly session: string }
  | { readonly type: 'user'; readonly tenant: string; readonly user: string }
  | { readonly type: 'client'; readonly client: string }
  | { readonly type: 'tenant'; readonly tenant: string }
  | { readonly type: 'global' }

export interface Revocation {
  readonly id: string
  readonly position: string | null
  readonly scope: Scope
  readonly reason?: string
  readonly actor: string
  readonly at: string
  readonly except?: readonly string[]
}

export interface RevocationPage {
  readonly revocations: readonly Revocation[]
  readonly next_cursor: string | null
}

/** What came of a change, as far as anybody can say. */
export interface Effect {
  readonly state: 'confirmed' | 'recorded' | 'unknown' | 'pending'
  readonly verifiers?: { readonly total: number; readonly acknowledged: number; readonly lapsed: number }
  readonly recorded: boolean
  readonly elapsed_ms?: number
}

/** A revocation that waits for the word of a second operator. */
export interface Approval {
  readonly revocation: Revocation
  readonly act: 'revoke' | 'suspend'
  readonly expires_at: string
}

export interface Tenant {
  readonly tenant: string
  readonly suspended: boolean
}

/** A count: exact, or a lower limit with the upper limit `at_most` where that is known. */
export interface SessionCount {
  readonly sessions: number
  readonly exact: boolean
  readonly at_most: number | null
}

/** The count of sessions that a revocation ended; null while they are being counted. */
export interface Toll {
  readonly ended?: SessionCount | null
  readonly target_known?: boolean
}

export type RevocationResult = Effect & Toll & { readonly revocation: Revocation }

export interface Verifier {
  readonly id: string
  readonly kind: string
  readonly service: string
  readonly host: string
  readonly applied: string
  readonly lag: number
  readonly lease_remaining_ms: number
  readonly cached_sessions: number
  readonly joined_at: string
}

export interface Grants {
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly position: string | null
}

export interface AuditEvent {
  readonly id: string
  readonly position: string
  readonly at: string
  readonly type: string
  readonly actor: string
  readonly outcome: 'done' | 'refused' | 'unknown'
  readonly tenant?: string
  readonly user?: string
  readonly client?: string
  readonly session?: string
  readonly reason?: string
  readonly effect?: string
  readonly request_id?: string
  readonly address_class?: string
}

export interface AuditPage {
  readonly events: readonly AuditEvent[]
  readonly next: string | null
}

export interface StatisticsPoint {
  readonly at: string
  readonly logins: number
  readonly failed_logins: number
  readonly revocations: number
  readonly redemptions: number
}

export interface Statistics {
  readonly at: string
  readonly sessions: Omit<SessionCount, 'sessions'> & { readonly live: number }
  readonly series: readonly StatisticsPoint[]
}

export interface WouldAffect extends SessionCount {
  readonly tenants: readonly { readonly tenant: string; readonly sessions: number }[]
}

/** Whom a revocation would hit, and whether whoever is named is known at all. */
export interface DryRun {
  readonly would_affect: WouldAffect
  readonly target_known?: boolean
}

export interface Subject {
  readonly tenant: string
  readonly user: string
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly suspended: boolean
}

export interface Role {
  readonly tenant: string
  readonly role: string
  readonly permissions: readonly string[]
  readonly position?: string | null
}
