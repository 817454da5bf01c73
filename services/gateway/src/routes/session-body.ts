/**
 * ① A session as the public face shows it: metadata, never anything that opens a door.
 */
import type { SessionInfo } from '@curfew/contracts'
import type { VerifiedSession } from '@curfew/verifier'
import { Type, type Static } from 'typebox'

const Names = Type.Array(Type.String())

export const SessionBody = Type.Object({
  id: Type.String(),
  tenant: Type.String(),
  user: Type.String(),
  client: Type.String(),
  created_at: Type.String(),
  auth_time: Type.String(),
  acr: Type.String(),
  amr: Names,
  idle_expires_at: Type.String(),
  expires_at: Type.String(),
  roles: Names,
  permissions: Names,
  label: Type.Optional(Type.String()),
})

export function sessionBody(session: SessionInfo | VerifiedSession): Static<typeof SessionBody> {
  return {
    id: session.id,
    tenant: session.tenant,
    user: session.user,
    client: session.client,
    created_at: session.createdAt,
    auth_time: session.authTime,
    acr: session.acr,
    amr: [...session.amr],
    idle_expires_at: session.idleExpiresAt,
    expires_at: session.expiresAt,
    roles: [...session.roles],
    permissions: [...session.permissions],
    ...(session.label !== undefined && { label: session.label }),
  }
}
