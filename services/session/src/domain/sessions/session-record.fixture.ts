/** ④ A session for unit tests. */
import {
  ORIGIN,
  type ClientId,
  type SecretHash,
  type SessionId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'

import type { SessionRecord } from './session-record.ts'

export function sessionForTest(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId,
    secretHash: 'h'.repeat(43) as SecretHash,
    tenant: 'acme' as TenantId,
    user: 'alice' as UserId,
    client: 'browser' as ClientId,
    birth: ORIGIN,
    createdAtMs: 0,
    authTimeMs: 0,
    acr: 'password',
    amr: ['pwd'],
    idleTimeoutMs: 1_000,
    expiresAtMs: 10_000,
    lastSeenMs: 0,
    ...changes,
  }
}
