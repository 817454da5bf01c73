import {
  formatPosition,
  type LogEntry,
  type Permission,
  type RoleName,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { factOf } from '../log/facts.ts'
import { Lockout } from './recover-operator.ts'

const tenant = 'curfew' as TenantId
const user = 'operator' as UserId
const HEAD = { atMs: 0, reason: 'locked out', id: 'x' }
const head = { v: 1, id: 'e', at: '', actor: 'curfew/other' } as const

function grants(roles: string[], permissions: string[], of = user): LogEntry {
  const given = { roles: roles as RoleName[], permissions: permissions as Permission[] }
  return { ...head, type: 'grants-changed', tenant, user: of, ...given }
}
const role = (name: string, permissions: string[]): LogEntry => ({
  ...head,
  type: 'role-changed',
  tenant,
  role: name as RoleName,
  permissions: permissions as Permission[],
})
const suspension = (type: 'suspended' | 'resumed', whom: object = { user }): LogEntry => ({
  ...head,
  type,
  tenant,
  ...whom,
})

/** @param entries as the log holds them, the first one at position 1. */
function remediesAfter(...entries: LogEntry[]) {
  const lockout = new Lockout({ tenant, user })
  for (const [index, entry] of entries.entries()) {
    const fact = factOf(entry, formatPosition(1, index + 1))
    if (fact !== undefined) lockout.take(fact)
  }
  return lockout.remedies(HEAD).map(({ entry, last }) => {
    const { v: _v, id: _id, at: _at, actor, ...stated } = entry
    expect(actor).toBe('system')
    return { ...stated, last }
  })
}

const given = { type: 'grants-changed', tenant, user, reason: HEAD.reason }

describe('an operator who is locked out', () => {
  it('is granted what they lack, on top of all that they have', () => {
    expect(remediesAfter()).toEqual([
      { ...given, roles: [], permissions: ['curfew:operator'], last: undefined },
    ])
    expect(remediesAfter(grants(['editor'], ['a:b', 'curfew:read']))).toEqual([
      {
        ...given,
        roles: ['editor'],
        permissions: ['a:b', 'curfew:read', 'curfew:operator'],
        last: formatPosition(1, 1),
      },
    ])
  })

  it('is resumed, and so is the tenant', () => {
    const resumed = { type: 'resumed', tenant, reason: HEAD.reason }
    const operator = grants([], ['curfew:operator'])
    expect(remediesAfter(operator, suspension('suspended'), suspension('suspended', {}))).toEqual([
      { ...resumed, user, last: formatPosition(1, 2) },
      { ...resumed, last: formatPosition(1, 3) },
    ])
    expect(remediesAfter(operator, suspension('suspended'), suspension('resumed'))).toEqual([])
  })

  it('needs nothing who is one by a role', () => {
    expect(remediesAfter(role('chief', ['curfew:operator']), grants(['chief'], []))).toEqual([])
    const emptied = remediesAfter(
      role('chief', ['curfew:operator']),
      grants(['chief'], []),
      role('chief', []),
    )
    expect(emptied).toMatchObject([{ roles: ['chief'], permissions: ['curfew:operator'] }])
  })

  it('is not what another user is', () => {
    const other = 'other' as UserId
    const found = remediesAfter(
      grants([], ['curfew:operator'], other),
      suspension('suspended', { user: other }),
    )
    expect(found).toMatchObject([{ user, permissions: ['curfew:operator'] }])
  })
})
