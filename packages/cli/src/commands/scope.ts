/**
 * What a revocation covers, from options to the words that people are asked with.
 * Promise: exactly one scope; a wide one is named in full before anything is asked.
 */
import type { ScopeShown } from '../api/answers.ts'
import { usage } from '../failure.ts'
import { safeText } from '../terminal/safe-text.ts'
import type { SubjectArgument } from './arguments.ts'

export interface ScopeOptions {
  readonly session?: string | undefined
  readonly user?: SubjectArgument | undefined
  readonly tenant?: string | undefined
  readonly client?: string | undefined
  readonly everyone?: true | undefined
}

export type Scope =
  | { readonly type: 'session'; readonly session: string }
  | { readonly type: 'user'; readonly tenant: string; readonly user: string }
  | { readonly type: 'tenant'; readonly tenant: string }
  | { readonly type: 'client'; readonly client: string }
  | { readonly type: 'global' }

export function scopeOf({ session, user, tenant, client, everyone }: ScopeOptions): Scope {
  const given: Scope[] = []
  if (session !== undefined) given.push({ type: 'session', session })
  if (user !== undefined) given.push({ type: 'user', ...user })
  if (tenant !== undefined) given.push({ type: 'tenant', tenant })
  if (client !== undefined) given.push({ type: 'client', client })
  if (everyone === true) given.push({ type: 'global' })
  const [scope, ...more] = given
  if (scope === undefined || more.length > 0)
    throw usage('Say whom exactly once: --session, --user, --tenant, --client or --everyone.')
  return scope
}

/** What has to be typed before it is done; undefined for scopes that nobody is asked about. */
export function typedFor(scope: Scope): string | undefined {
  switch (scope.type) {
    case 'session':
    case 'user':
      return undefined
    case 'tenant':
      return scope.tenant
    case 'client':
      return scope.client
    case 'global':
      return 'everyone'
  }
}

/** Whom, in words; safe to show. */
export function scopeText(scope: ScopeShown): string {
  const { type, session = '', tenant = '', user = '', client = '' } = scope
  switch (type) {
    case 'session':
      return safeText(`session ${session}`)
    case 'user':
      return safeText(`all sessions of ${tenant}/${user}`)
    case 'tenant':
      return safeText(`all sessions of the tenant ${tenant}`)
    case 'client':
      return safeText(`all sessions of the client application ${client}`)
    case 'global':
      return 'all sessions of everyone'
    default:
      return safeText(type)
  }
}

/** Of a user or a tenant that the authority has never heard of; safe to show. */
export function unknownText({ tenant = '', user }: ScopeShown): string {
  const [what, name] = user === undefined ? ['tenant', tenant] : ['user', `${tenant}/${user}`]
  return safeText(`▲ no ${what} ${name} is known: no sessions, no roles, no permissions. Is the name right?`)
}
