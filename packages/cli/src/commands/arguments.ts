/**
 * The arguments that several commands share, checked as the authority would check them.
 * Promise: what cannot be a name is refused here, before anything is sent.
 */
import {
  ClientIdSchema,
  isSessionId,
  parseSubject,
  PermissionSchema,
  RoleNameSchema,
  TenantIdSchema,
} from '@curfew/contracts'
import { InvalidArgumentError } from 'commander'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

import { segment } from '../api/http.ts'

export interface SubjectArgument {
  readonly tenant: string
  readonly user: string
}

export const tenantArgument = named(TenantIdSchema, 'a tenant')
export const clientArgument = named(ClientIdSchema, 'a client application')
export const roleArgument = named(RoleNameSchema, 'a role')

export function subjectArgument(text: string): SubjectArgument {
  const subject = parseSubject(text)
  if (subject === undefined) throw new InvalidArgumentError('A user is given as TENANT/USER.')
  return subject
}

export function sessionArgument(text: string): string {
  if (!isSessionId(text))
    throw new InvalidArgumentError('A session id has 22 characters: see curfew sessions ls.')
  return text
}

/** May be given several times. */
export function rolesArgument(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, roleArgument(text)]
}

export function permissionsArgument(text: string, before: readonly string[] = []): readonly string[] {
  if (!Value.Check(PermissionSchema, text))
    throw new InvalidArgumentError('A permission looks like documents:read.')
  return [...before, text]
}

const MAX_REASON = 500

export function reasonArgument(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the authority refuses them
  if (text.trim() === '' || text.length > MAX_REASON || /[\u0000-\u001f\u007f-\u009f]/.test(text))
    throw new InvalidArgumentError(`A reason is a line of at most ${MAX_REASON} characters, not blank.`)
  return text
}

export function countArgument(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    throw new InvalidArgumentError('A whole number from 1 on is needed.')
  return count
}

export function grantsPath({ tenant, user }: SubjectArgument): string {
  return `${subjectPath({ tenant, user })}/grants`
}

export function subjectPath({ tenant, user }: SubjectArgument): string {
  return `/v1/subjects/${segment(tenant)}/${segment(user)}`
}

function named(schema: TSchema, what: string): (text: string) => string {
  return (text) => {
    if (Value.Check(schema, text)) return text
    throw new InvalidArgumentError(`This cannot be the name of ${what}.`)
  }
}
