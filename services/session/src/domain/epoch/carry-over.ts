/**
 * ④ ⑤ What a new epoch begins with: everything that outlives the sessions of the one before.
 * Promise: of each role, grant and suspension the newest that anybody knows, also when it says that there is nothing any more.
 */
import {
  entryHead,
  ADMINISTRATIVE_TENANT,
  subjectOf,
  type LogEntry,
  type Position,
  type RoleName,
  type Subject,
  type SubjectKey,
  type TenantId,
} from '@curfew/contracts'

import {
  mergeSubjectFacts,
  newer,
  type Fact,
  type SubjectFacts,
  type Suspension,
  type WideFact,
} from '../log/facts.ts'
import { effectivePermissions, OPERATOR } from '../log/permissions.ts'
import { newRevocationId } from '../revocations/revocation.ts'

type RoleFact = Extract<WideFact, { kind: 'role' }>
type SuspensionFact = Extract<WideFact, { kind: 'suspension' }>
type LeaseFact = Extract<WideFact, { kind: 'lease' }>

type Stated<T> = T extends LogEntry ? Omit<T, 'v' | 'id' | 'at' | 'actor' | 'reason' | 'ackTo'> : never
type CarriedFact = Stated<
  Extract<LogEntry, { type: 'role-changed' | 'grants-changed' | 'suspended' | 'resumed' }>
> & { readonly position: Position }

export interface Carried {
  readonly roles: number
  readonly grants: number
  readonly suspensions: number
  /** Users of the administrative tenant who can grant everything: with none, it takes recover-operator.ts. */
  readonly operators: number
}

export class CarryOver {
  readonly #roles = new Map<string, RoleFact>()
  readonly #tenants = new Map<TenantId, SuspensionFact>()
  readonly #subjects = new Map<SubjectKey, SubjectFacts>()
  #lease: LeaseFact['value'] | undefined
  /** Of all that were ever heard of: each may be the one that somebody still holds. */
  #longestLeaseMs: number | undefined

  /** From wherever it is known, in any order. */
  take(fact: Fact): void {
    if (fact.reach === 'subject') {
      const { grants, suspension } = mergeSubjectFacts(fact.facts, this.#subjects.get(fact.subject))
      if (grants ?? suspension) this.#subjects.set(fact.subject, { grants, suspension })
    }
    if (fact.reach === 'wide') this.#takeWide(fact.fact)
  }

  get leaseMs(): number | undefined {
    return this.#lease?.leaseMs
  }

  get longestLeaseMs(): number | undefined {
    return this.#longestLeaseMs
  }

  get counts(): Carried {
    const subjects = [...this.#subjects.values()]
    return {
      roles: this.#roles.size,
      grants: subjects.filter(({ grants }) => grants).length,
      suspensions: [
        ...this.#tenants.values(),
        ...subjects.map(({ suspension }) => ({ value: suspension })),
      ].filter(({ value }) => value?.suspended === true).length,
      operators: [...this.#subjects].filter(([key, facts]) => this.#isOperator(subjectOf(key), facts)).length,
    }
  }

  #isOperator({ tenant }: Subject, { grants, suspension }: SubjectFacts): boolean {
    if (tenant !== ADMINISTRATIVE_TENANT || suspension?.suspended === true) return false
    if (this.#tenants.get(tenant)?.value.suspended === true) return false
    const roles = { role: (of: TenantId, name: RoleName) => this.#roles.get(`${of}/${name}`)?.value }
    return effectivePermissions(tenant, grants, roles).includes(OPERATOR)
  }

  /** The whole content of the new log, the end of every session included. */
  entries(atMs: number, lease: { leaseMs: number; previousLeaseMs: number }): LogEntry[] {
    const reason = 'new epoch: revocations may have been lost with the log before'
    const everyone: LogEntry = {
      ...entryHead(newRevocationId(), atMs),
      type: 'revoked',
      reason,
      scope: { type: 'global' },
    }
    const carried = [...this.#facts()].map(({ position, ...fact }, index): LogEntry => {
      return { ...entryHead(`carried-${index}`, atMs), reason: `carried over from ${position}`, ...fact }
    })
    return [{ ...entryHead('lease', atMs), type: 'config', ...lease }, everyone, ...carried]
  }

  *#facts(): Generator<CarriedFact> {
    for (const { tenant, role, value } of this.#roles.values())
      yield {
        type: 'role-changed',
        tenant,
        role,
        permissions: [...value.permissions],
        position: value.position,
      }
    for (const { tenant, value } of this.#tenants.values()) yield { ...suspensionOf(value), tenant }
    for (const [key, { grants, suspension }] of this.#subjects) {
      const whom = subjectOf(key)
      if (grants) {
        const { position, roles, permissions } = grants
        yield {
          type: 'grants-changed',
          ...whom,
          roles: [...roles],
          permissions: [...permissions],
          position,
        }
      }
      if (suspension) yield { ...suspensionOf(suspension), ...whom }
    }
  }

  #takeWide(fact: WideFact): void {
    switch (fact.kind) {
      case 'role':
        return keepNewer(this.#roles, `${fact.tenant}/${fact.role}`, fact)
      case 'suspension':
        return keepNewer(this.#tenants, fact.tenant, fact)
      case 'lease': {
        const { leaseMs, previousLeaseMs } = fact.value
        this.#longestLeaseMs = Math.max(this.#longestLeaseMs ?? 0, leaseMs, previousLeaseMs)
        this.#lease = newer(this.#lease, fact.value)
        return
      }
      // Whoever was a member has to join anew, and the revocation of everyone covers all others.
      case 'member':
      case 'global':
      case 'tenant':
      case 'client':
    }
  }
}

function keepNewer<K, T extends RoleFact | SuspensionFact>(map: Map<K, T>, key: K, fact: T): void {
  const known = map.get(key)
  if (known === undefined || fact.value.position > known.value.position) map.set(key, fact)
}

/** That somebody was resumed counts as well: an older Redis may still say that he is suspended. */
function suspensionOf({ suspended, position }: Suspension) {
  return { type: suspended ? ('suspended' as const) : ('resumed' as const), position }
}
