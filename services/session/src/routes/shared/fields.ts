/**
 * ④ The members, parameters and headers that several routes share.
 * Promise: what people type and others will read holds no control characters.
 */
import { RoleNameSchema, TenantIdSchema, UserIdSchema } from '@curfew/contracts'
import { Type } from 'typebox'

export const ReasonSchema = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f]*$',
  description: 'Why, for the people who read the history; not blank, no control characters',
})

export const TenantParams = Type.Object({ tenant: TenantIdSchema })
export const SubjectParams = Type.Object({ tenant: TenantIdSchema, user: UserIdSchema })
export const RoleParams = Type.Object({ tenant: TenantIdSchema, role: RoleNameSchema })

export const CursorSchema = Type.String({
  minLength: 1,
  // Holds the longest name in base64url.
  maxLength: 384,
  description: 'From `next_cursor` of the page before',
})
