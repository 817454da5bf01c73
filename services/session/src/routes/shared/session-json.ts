/**
 * ④ A session as others may see it: over NATS in the contract's shape, over HTTP in snake_case.
 * Promise: metadata only; neither the secret's hash nor the birth leaves here.
 */
import { isoTime, type SessionInfo } from '@curfew/contracts'

import type { SubjectFacts } from '../../domain/log/facts.ts'
import { effectivePermissions } from '../../domain/log/permissions.ts'
import type { WideFacts } from '../../domain/log/wide-facts.ts'
import { idleExpiresAtMs, type SessionRecord } from '../../domain/sessions/session-record.ts'

export interface SessionInContext {
  readonly session: SessionRecord
  readonly subject: SubjectFacts
}

export function sessionInfo({ session, subject }: SessionInContext, wide: WideFacts): SessionInfo {
  const { id, tenant, user, client, acr, amr, label } = session
  return {
    id,
    tenant,
    user,
    client,
    createdAt: isoTime(session.createdAtMs),
    authTime: isoTime(session.authTimeMs),
    acr,
    amr: [...amr],
    idleExpiresAt: isoTime(idleExpiresAtMs(session)),
    expiresAt: isoTime(session.expiresAtMs),
    roles: [...(subject.grants?.roles ?? [])],
    permissions: effectivePermissions(tenant, subject.grants, wide),
    ...(label !== undefined && { label }),
  }
}

export function sessionJson(of: SessionInContext, wide: WideFacts): SessionJson {
  const { createdAt, authTime, idleExpiresAt, expiresAt, ...same } = sessionInfo(of, wide)
  return {
    ...same,
    created_at: createdAt,
    auth_time: authTime,
    idle_expires_at: idleExpiresAt,
    expires_at: expiresAt,
  }
}

/** As operators see it: also from which network it was begun, and never anything finer. */
export function operatedSessionJson(
  of: SessionInContext,
  wide: WideFacts,
): SessionJson & { readonly address_class?: string } {
  const { addressClass } = of.session
  return { ...sessionJson(of, wide), ...(addressClass !== undefined && { address_class: addressClass }) }
}

export type SessionJson = Omit<SessionInfo, 'createdAt' | 'authTime' | 'idleExpiresAt' | 'expiresAt'> & {
  readonly created_at: string
  readonly auth_time: string
  readonly idle_expires_at: string
  readonly expires_at: string
}
