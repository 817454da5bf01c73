/** ④ ⑤ An entry of the log as operators see it. */
import type { LogEntry, Position } from '@curfew/contracts'

/** Without what only machines need: the version of the format, and who is to be told of the effect. */
export function entryJson(entry: LogEntry, position: Position): object {
  const { id, type, at, actor, reason } = entry
  return { position, id, type, at, actor, ...(reason !== undefined && { reason }), ...specialsOf(entry) }
}

function specialsOf(entry: LogEntry): object {
  switch (entry.type) {
    case 'genesis':
      return { log_id: entry.logId }
    case 'closed':
      return entry.next === undefined ? {} : { next: entry.next }
    case 'revoked':
      return { scope: entry.scope, except: entry.except ?? [] }
    case 'grants-changed': {
      const { tenant, user, roles, permissions } = entry
      return { tenant, user, roles, permissions }
    }
    case 'role-changed': {
      const { tenant, role, permissions } = entry
      return { tenant, role, permissions }
    }
    case 'suspended':
    case 'resumed': {
      const { tenant, user } = entry
      return { tenant, ...(user !== undefined && { user }) }
    }
    case 'rotated':
      return { session: entry.session }
    case 'config':
      return { lease_ms: entry.leaseMs, previous_lease_ms: entry.previousLeaseMs }
    case 'joined': {
      const { member, kind, service, host, protocol } = entry
      return { verifier: member, kind, service, host, protocol }
    }
    case 'left':
    case 'evicted':
      return { verifier: entry.member }
    case 'barrier':
    case 'opened':
      return {}
  }
}
