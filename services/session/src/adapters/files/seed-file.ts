/**
 * ④ The roles and grants of a new deployment, from SESSION_SEED_FILE.
 * Promise: a seed that the log could not take stops the start.
 */
import {
  PermissionsSchema,
  RoleNameSchema,
  RolesSchema,
  TenantIdSchema,
  UserIdSchema,
} from '@curfew/contracts'
import { Type } from 'typebox'

import type { Seed } from '../../domain/log/seed.ts'
import { readJsonFile } from './json-file.ts'

const closed = { additionalProperties: false }

const SeedFileSchema = Type.Object(
  {
    roles: Type.Array(
      Type.Object({ tenant: TenantIdSchema, role: RoleNameSchema, permissions: PermissionsSchema }, closed),
    ),
    grants: Type.Array(
      Type.Object(
        { tenant: TenantIdSchema, user: UserIdSchema, roles: RolesSchema, permissions: PermissionsSchema },
        closed,
      ),
    ),
  },
  closed,
)

export async function readSeedFile(path: string): Promise<Seed> {
  return readJsonFile('seed file', path, SeedFileSchema)
}
