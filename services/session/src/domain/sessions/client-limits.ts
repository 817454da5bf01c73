/**
 * ④ Which sessions a registered client may begin, and which of them may act as operators.
 * Promise: what is not allowed in words is refused: a client without limits of its own begins nothing.
 */
import { ADMINISTRATIVE_TENANT, type TenantId } from '@curfew/contracts'

import {
  LEVELS,
  type ClientRegistry,
  type CreationLimits,
  type Level,
  type RegisteredClient,
} from './clients.ts'
import type { SessionRecord } from './session-record.ts'

export type CreationFault = 'sessions' | 'tenant' | 'acr'

interface Asked {
  readonly tenant: TenantId
  readonly acr: string
}

/** The first property of the session that the client may not begin it with. */
export function creationFault(
  client: RegisteredClient | undefined,
  { tenant, acr }: Asked,
): CreationFault | undefined {
  const limits = client?.sessions
  if (limits === undefined) return 'sessions'
  if (!isTenantAllowed(limits, tenant)) return 'tenant'
  return isAcrAllowed(limits.maxAcr, acr) ? undefined : 'acr'
}

function isTenantAllowed(limits: CreationLimits, tenant: TenantId): boolean {
  // A session of this tenant is of no use but to operate.
  const { tenants } = limits
  if (tenant === ADMINISTRATIVE_TENANT) return limits.mayOperate && tenants?.includes(tenant) === true
  return tenants === undefined || tenants.includes(tenant)
}

/** A word that is no level is above every level: nobody here knows what it means to the services that read it. */
function isAcrAllowed(max: Level | undefined, acr: string): boolean {
  if (max === undefined) return true
  const reached = LEVELS.findIndex((level) => level === acr)
  return reached !== -1 && reached <= LEVELS.indexOf(max)
}

/**
 * Whether a session may act as an operator's. One that a registered client has begun may not, unless that client is
 * registered for it at this moment: a client that has been taken out of the file leaves no operators behind.
 */
export function mayOperate(
  { client, isClientMade }: Pick<SessionRecord, 'client' | 'isClientMade'>,
  clients: Pick<ClientRegistry, 'find'>,
): boolean {
  const registered = clients.find(client)
  if (registered === undefined) return isClientMade !== true
  return registered.sessions?.mayOperate === true
}
