/**
 * ④ ⑤ What it takes to make a user an operator again, by what the log says.
 * Promise: nothing is taken from anybody: roles and permissions stay, and only what keeps this user out is changed.
 */
import { subjectKey, type LogEntryOf, type Position, type Subject, entryHead } from '@curfew/contracts'

import { mergeSubjectFacts, type Fact, type SubjectFacts } from '../log/facts.ts'
import { effectivePermissions, OPERATOR } from '../log/permissions.ts'
import { WideFactsInMemory } from '../log/wide-facts.ts'

export interface Remedy {
  readonly entry: LogEntryOf<'grants-changed' | 'suspended' | 'resumed'>
  /** Where the log last spoke of it; undefined where it never has. */
  readonly last: Position | undefined
}

export interface RemedyHead {
  readonly atMs: number
  readonly reason: string
  /** Makes the ids of the entries. */
  readonly id: string
}

/** What is known of one user, from entries in any order. */
export class Lockout {
  readonly #whom: Subject
  readonly #wide = new WideFactsInMemory()
  #facts: SubjectFacts = {}

  constructor(whom: Subject) {
    this.#whom = whom
  }

  take(fact: Fact): void {
    const { tenant, user } = this.#whom
    if (fact.reach === 'wide') this.#wide.take(fact.fact)
    if (fact.reach === 'subject' && fact.subject === subjectKey(tenant, user))
      this.#facts = mergeSubjectFacts(fact.facts, this.#facts)
  }

  remedies({ atMs, reason, id }: RemedyHead): Remedy[] {
    const { tenant } = this.#whom
    const { grants, suspension } = this.#facts
    const ofTenant = this.#wide.tenantSuspension(tenant)
    const head = (kind: string) => ({ ...entryHead(`${kind}-${id}`, atMs), reason })
    const remedies: Remedy[] = []
    if (!effectivePermissions(tenant, grants, this.#wide).includes(OPERATOR)) {
      const roles = [...(grants?.roles ?? [])]
      const permissions = [...(grants?.permissions ?? []), OPERATOR]
      const entry = { ...head('grants'), type: 'grants-changed', ...this.#whom, roles, permissions } as const
      remedies.push({ entry: { ...entry, roles, permissions }, last: grants?.position })
    }
    if (suspension?.suspended === true)
      remedies.push({ entry: { ...head('user'), type: 'resumed', ...this.#whom }, last: suspension.position })
    if (ofTenant?.suspended === true)
      remedies.push({ entry: { ...head('tenant'), type: 'resumed', tenant }, last: ofTenant.position })
    return remedies
  }
}

/** For people. */
export function remedyText({ entry }: Remedy): string {
  if (entry.type === 'grants-changed') return `grant ${OPERATOR} to ${entry.tenant}/${entry.user}`
  return entry.user === undefined
    ? `resume the tenant ${entry.tenant}`
    : `resume ${entry.tenant}/${entry.user}`
}
