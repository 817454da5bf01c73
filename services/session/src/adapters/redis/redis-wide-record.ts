/**
 * ④ A wide fact as one field of the hash `curfew:wide`: the value begins with the position that settles disputes.
 * Promise: a field that cannot be read stops the start: a forgotten watermark would let revoked sessions in.
 */
import type {
  ClientId,
  Member,
  MemberId,
  Permission,
  Position,
  RoleName,
  SessionId,
  TenantId,
} from '@curfew/contracts'

import type { WideFact } from '../../domain/log/facts.ts'
import { stampedParts, stampedValue } from './redis-stamped-value.ts'

export function wideFieldOf(fact: WideFact): string {
  switch (fact.kind) {
    case 'global':
    case 'lease':
      return fact.kind
    case 'member':
      return `member:${fact.member}`
    case 'tenant':
    case 'suspension':
      return `${fact.kind}:${fact.tenant}`
    case 'client':
      return `client:${fact.client}`
    case 'role':
      return `role:${fact.tenant}/${fact.role}`
  }
}

export function wideValueOf({ value }: WideFact): string {
  const { position, ...rest } = value
  return stampedValue(position, rest)
}

/** @throws when it is none, whatever wrote it. */
export function wideFactFrom(field: string, text: string): WideFact {
  const { position, rest } = stampedParts(text, `${field} in curfew:wide`)
  const colon = field.indexOf(':')
  const kind = colon === -1 ? field : field.slice(0, colon)
  const name = field.slice(colon + 1)
  const fact = factFrom(kind, name, { position, ...(rest as Partial<Rest>) })
  if (fact === undefined) throw new Error(`curfew:wide holds something unknown in ${field}`)
  return fact
}

interface Rest {
  readonly except: SessionId[]
  readonly permissions: Permission[]
  readonly suspended: boolean
  readonly member: Member | null
  readonly isEvicted: boolean
  readonly at: string
  readonly leaseMs: number
  readonly previousLeaseMs: number
}

function factFrom(
  kind: string,
  name: string,
  stored: Partial<Rest> & { position: Position },
): WideFact | undefined {
  const { position, except, permissions, suspended, member, isEvicted, leaseMs, previousLeaseMs } = stored
  const tenant = name as TenantId
  if (kind === 'suspension' && suspended !== undefined)
    return { kind, tenant, value: { position, suspended } }
  if (kind === 'role' && permissions !== undefined) {
    const [of, role] = name.split('/') as [TenantId, RoleName]
    return { kind, tenant: of, role, value: { position, permissions } }
  }
  if (kind === 'member' && member !== undefined && isEvicted !== undefined)
    return {
      kind,
      member: name as MemberId,
      value: { position, member, isEvicted, at: stored.at ?? '' },
    }
  if (kind === 'lease' && leaseMs !== undefined && previousLeaseMs !== undefined)
    return { kind, value: { position, leaseMs, previousLeaseMs } }
  if (except === undefined) return undefined
  const value = { position, except }
  if (kind === 'global') return { kind, value }
  if (kind === 'tenant') return { kind, tenant, value }
  if (kind === 'client') return { kind, client: name as ClientId, value }
  return undefined
}
