import {
  MAX_ANSWER_BYTES,
  MAX_PERMISSION_BYTES,
  MAX_ROLES,
  formatPosition,
  type Permission,
  type RoleName,
  type TenantId,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { effectivePermissions, GRANTS, holds, OPERATOR, READ, REVOKE } from './permissions.ts'
import { WideFactsInMemory } from './wide-facts.ts'

const acme = 'acme' as TenantId
const permissions = (...names: string[]): Permission[] => names as Permission[]

function roles(definitions: Record<string, string[]>): WideFactsInMemory {
  const wide = new WideFactsInMemory()
  for (const [role, names] of Object.entries(definitions))
    wide.take({
      kind: 'role',
      tenant: acme,
      role: role as RoleName,
      value: { position: formatPosition(1, 1), permissions: permissions(...names) },
    })
  return wide
}

describe('what a subject may do', () => {
  const wide = roles({ editor: ['d:read', 'd:write'], viewer: ['d:read'], empty: [] })
  const grants = (of: string[], own: string[] = []) => ({
    roles: of as RoleName[],
    permissions: permissions(...own),
  })

  it.each([
    ['nothing where the log says nothing', undefined, []],
    ['nothing with empty grants', grants([]), []],
    ['its own permissions', grants([], ['z:1', 'a:1']), ['a:1', 'z:1']],
    ['those of all its roles, once each', grants(['editor', 'viewer']), ['d:read', 'd:write']],
    ['both together', grants(['viewer'], ['d:read', 'e:read']), ['d:read', 'e:read']],
    ['nothing for a role that nobody defined', grants(['ghost', 'empty']), []],
  ])('is %s', (_, given, expected) => {
    expect(effectivePermissions(acme, given, wide)).toEqual(expected)
  })

  it('does not come from a role of the same name in another tenant', () => {
    expect(effectivePermissions('globex' as TenantId, grants(['editor']), wide)).toEqual([])
  })
})

describe('an operator', () => {
  it('has every narrower permission, and nobody else has them all', () => {
    for (const needed of [REVOKE, GRANTS, READ]) {
      expect(holds(new Set([OPERATOR]), needed)).toBe(true)
      expect(holds(new Set([needed]), needed)).toBe(true)
      expect(holds(new Set([needed]), OPERATOR)).toBe(false)
      expect(holds(new Set(), needed)).toBe(false)
    }
    expect(holds(new Set([GRANTS]), REVOKE)).toBe(false)
  })
})

it('the most that roles can become after they were granted still fits into one answer', () => {
  expect((MAX_ROLES + 1) * MAX_PERMISSION_BYTES).toBeLessThan(MAX_ANSWER_BYTES)
})
