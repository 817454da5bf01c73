/**
 * ④ The wide facts in memory: watermarks of everyone, tenants and clients, role definitions, suspended tenants.
 * Promise: taking a fact twice, late or out of order changes nothing that a later fact has settled.
 */
import type { ClientId, MemberId, RoleName, Scope, TenantId } from '@curfew/contracts'

import {
  newer,
  type LeaseLength,
  type Membership,
  type RoleDefinition,
  type Suspension,
  type Watermark,
  type WideFact,
} from './facts.ts'

/** What decisions read. */
export interface WideFacts {
  readonly global: Watermark | undefined
  tenant(tenant: TenantId): Watermark | undefined
  client(client: ClientId): Watermark | undefined
  role(tenant: TenantId, role: RoleName): RoleDefinition | undefined
  /** Of one tenant, sorted by name. */
  rolesOf(tenant: TenantId): readonly NamedRole[]
  tenantSuspension(tenant: TenantId): Suspension | undefined
  readonly lease: LeaseLength | undefined
  readonly members: ReadonlyMap<MemberId, Membership>
}

/** The scopes that a watermark in memory stands for. */
export type WideScope = Extract<Scope, { type: 'global' | 'tenant' | 'client' }>

export function isWide(scope: Scope): scope is WideScope {
  return scope.type === 'global' || scope.type === 'tenant' || scope.type === 'client'
}

/** The latest revocation of a scope. */
export function watermarkOf(wide: WideFacts, scope: WideScope): Watermark | undefined {
  switch (scope.type) {
    case 'global':
      return wide.global
    case 'tenant':
      return wide.tenant(scope.tenant)
    case 'client':
      return wide.client(scope.client)
  }
}

/** The facts as if the scope had last been revoked at `before`. */
export function asBefore(wide: WideFacts, scope: WideScope, before: Watermark | undefined): WideFacts {
  return {
    global: scope.type === 'global' ? before : wide.global,
    tenant: (name) => (scope.type === 'tenant' && scope.tenant === name ? before : wide.tenant(name)),
    client: (name) => (scope.type === 'client' && scope.client === name ? before : wide.client(name)),
    role: (tenant, role) => wide.role(tenant, role),
    rolesOf: (tenant) => wide.rolesOf(tenant),
    tenantSuspension: (tenant) => wide.tenantSuspension(tenant),
    lease: wide.lease,
    members: wide.members,
  }
}

export interface NamedRole extends RoleDefinition {
  readonly role: RoleName
}

export class WideFactsInMemory implements WideFacts {
  global: Watermark | undefined
  readonly #tenants = new Map<TenantId, Watermark>()
  readonly #clients = new Map<ClientId, Watermark>()
  readonly #roles = new Map<string, RoleDefinition>()
  readonly #suspensions = new Map<TenantId, Suspension>()
  readonly members = new Map<MemberId, Membership>()
  lease: LeaseLength | undefined

  take(fact: WideFact): void {
    switch (fact.kind) {
      case 'global':
        this.global = newer(this.global, fact.value)
        return
      case 'tenant':
        return keepNewer(this.#tenants, fact.tenant, fact.value)
      case 'client':
        return keepNewer(this.#clients, fact.client, fact.value)
      case 'role':
        return keepNewer(this.#roles, roleKey(fact.tenant, fact.role), fact.value)
      case 'suspension':
        return keepNewer(this.#suspensions, fact.tenant, fact.value)
      case 'member':
        return keepNewer(this.members, fact.member, fact.value)
      case 'lease':
        this.lease = newer(this.lease, fact.value)
    }
  }

  /** Nothing that was told later. */
  forgetMember({ member, value }: Extract<WideFact, { kind: 'member' }>): void {
    if (this.members.get(member)?.position === value.position) this.members.delete(member)
  }

  tenant(tenant: TenantId): Watermark | undefined {
    return this.#tenants.get(tenant)
  }

  client(client: ClientId): Watermark | undefined {
    return this.#clients.get(client)
  }

  role(tenant: TenantId, role: RoleName): RoleDefinition | undefined {
    return this.#roles.get(roleKey(tenant, role))
  }

  rolesOf(tenant: TenantId): NamedRole[] {
    const prefix = `${tenant}/`
    return [...this.#roles]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, definition]) => ({ role: key.slice(prefix.length) as RoleName, ...definition }))
      .toSorted((a, b) => (a.role < b.role ? -1 : 1))
  }

  tenantSuspension(tenant: TenantId): Suspension | undefined {
    return this.#suspensions.get(tenant)
  }
}

/** Unambiguous because names hold no slash. */
function roleKey(tenant: TenantId, role: RoleName): string {
  return `${tenant}/${role}`
}

function keepNewer<K, V extends { readonly position: WideFact['value']['position'] }>(
  map: Map<K, V>,
  key: K,
  value: V,
): void {
  const latest = newer(map.get(key), value)
  if (latest !== undefined) map.set(key, latest)
}
