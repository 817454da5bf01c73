/**
 * ④ A wide fact as one field of the hash `curfew:wide`: the value begins with the position that settles disputes.
 * Promise: a field that cannot be read stops the start: a forgotten watermark would let revoked sessions in.
 */
import {
  parsePosition,
  type ClientId,
  type Member,
  type MemberId,
  type Permission,
  type RoleName,
  type SessionId,
  type TenantId,
} from '@curfew/contracts'

import type { WideFact } from '../domain/facts.ts'

const POSITION_LENGTH = 23

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
  return position + JSON.stringify(rest)
}

/** @throws when it is none, whatever wrote it. */
export function wideFactFrom(field: string, text: string): WideFact {
  const position = text.slice(0, POSITION_LENGTH)
  if (parsePosition(position) === undefined) throw new Error(`curfew:wide holds no position in ${field}`)
  const rest = JSON.parse(text.slice(POSITION_LENGTH)) as Partial<Rest>
  const colon = field.indexOf(':')
  const kind = colon === -1 ? field : field.slice(0, colon)
  const name = field.slice(colon + 1)
  const fact = factFrom(kind, name, { position, ...rest })
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
  stored: Partial<Rest> & { position: string },
): WideFact | undefined {
  const { position, except, permissions, suspended, member, isEvicted, leaseMs, previousLeaseMs } = stored
  const at = position as WideFact['value']['position']
  const tenant = name as TenantId
  if (kind === 'suspension' && suspended !== undefined)
    return { kind, tenant, value: { position: at, suspended } }
  if (kind === 'role' && permissions !== undefined) {
    const [of, role] = name.split('/') as [TenantId, RoleName]
    return { kind, tenant: of, role, value: { position: at, permissions } }
  }
  if (kind === 'member' && member !== undefined && isEvicted !== undefined)
    return {
      kind,
      member: name as MemberId,
      value: { position: at, member, isEvicted, at: stored.at ?? '' },
    }
  if (kind === 'lease' && leaseMs !== undefined && previousLeaseMs !== undefined)
    return { kind, value: { position: at, leaseMs, previousLeaseMs } }
  if (except === undefined) return undefined
  const value = { position: at, except }
  if (kind === 'global') return { kind, value }
  if (kind === 'tenant') return { kind, tenant, value }
  if (kind === 'client') return { kind, client: name as ClientId, value }
  return undefined
}
