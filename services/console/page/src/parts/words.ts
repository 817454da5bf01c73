/** How things are called on this page. */
import type { Scope } from '../api/types.ts'

export function scopeText(scope: Scope): string {
  switch (scope.type) {
    case 'global':
      return 'Everyone'
    case 'tenant':
      return `Everyone in ${scope.tenant}`
    case 'client':
      return `Everyone at client ${scope.client}`
    case 'user':
      return `${scope.tenant}/${scope.user}`
    case 'session':
      return `Session ${scope.session}`
  }
}

/** Of a user or a tenant that the session authority has never heard of. */
export function unknownText(scope: Scope): string {
  return `No ${scope.type} ${scopeName(scope)} is known: no sessions, no roles, no permissions.`
}

function scopeName(scope: Scope): string {
  if (scope.type === 'user') return `${scope.tenant}/${scope.user}`
  return scope.type === 'tenant' ? scope.tenant : ''
}

/** Enough to tell those on one screen apart. */
export function shortId(id: string): string {
  return id.length > 10 ? `${id.slice(0, 8)}…` : id
}

/** What has to be typed before a wide scope is revoked; undefined where nothing has. */
export function confirmationWord(scope: Scope): string | undefined {
  switch (scope.type) {
    case 'global':
      return 'everyone'
    case 'tenant':
      return scope.tenant
    case 'client':
      return scope.client
    case 'user':
    case 'session':
      return undefined
  }
}
