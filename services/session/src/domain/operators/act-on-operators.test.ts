import type { Permission } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { judge } from './act-on-operators.ts'

const named = (...names: string[]): Permission[] => names as Permission[]
const [OPERATOR, GRANTS, REVOKE] = ['curfew:operator', 'curfew:grants', 'curfew:revoke']

interface Case {
  readonly holds: readonly string[]
  readonly before?: readonly string[]
  readonly after?: readonly string[]
  readonly ownAfter?: readonly string[]
}

function judged({ holds, before = [], after = [], ownAfter = holds }: Case) {
  const touched = { before: named(...before), after: named(...after), ownAfter: named(...ownAfter) }
  return judge({ permissions: new Set(named(...holds)) }, touched)
}

describe('an act on powers over Curfew', () => {
  it.each<[string, Case]>([
    ['may-not-hand-out', { holds: [GRANTS], after: [OPERATOR] }],
    ['may-not-hand-out', { holds: [GRANTS], after: ['documents:read', REVOKE] }],
    ['may-not-hand-out', { holds: [GRANTS], before: [OPERATOR], after: [OPERATOR] }],
    ['holds-more', { holds: [GRANTS], before: [OPERATOR] }],
    ['holds-more', { holds: [GRANTS, REVOKE], before: [REVOKE, 'curfew:read'], after: [REVOKE] }],
    ['holds-more', { holds: [REVOKE], before: ['curfew:some-later-power'] }],
    ['own-permissions', { holds: [OPERATOR], before: [OPERATOR], ownAfter: [] }],
    ['own-permissions', { holds: [OPERATOR], before: [OPERATOR], after: [GRANTS], ownAfter: [GRANTS] }],
    ['own-permissions', { holds: [GRANTS, REVOKE], before: [REVOKE], ownAfter: [GRANTS] }],
  ])('is refused as %s: %j', (reason, act) => {
    expect(judged(act)).toEqual({ kind: 'refused', reason })
  })

  it.each<[string, boolean, Case]>([
    [
      'none is touched',
      false,
      { holds: [GRANTS], before: ['documents:read'], after: ['curfewish:operator'] },
    ],
    ['it is given', true, { holds: [OPERATOR], after: [OPERATOR, REVOKE] }],
    ['it is taken', true, { holds: [GRANTS, REVOKE], before: [REVOKE] }],
    ['it is exchanged', true, { holds: [OPERATOR], before: [OPERATOR], after: [GRANTS, REVOKE] }],
    ['it stays', true, { holds: [GRANTS], before: [GRANTS, 'documents:read'], after: [GRANTS] }],
    [
      'a wider one of one’s own stays',
      true,
      { holds: [OPERATOR, GRANTS], before: [OPERATOR, GRANTS], after: [OPERATOR], ownAfter: [OPERATOR] },
    ],
  ])('is allowed where %s; it is one on an operator: %s', (_, isOnOperator, act) => {
    expect(judged(act)).toEqual({ kind: 'allowed', isOnOperator })
  })
})
