import { formatPosition, type Member, type MemberId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { Membership } from '../../domain/log/facts.ts'
import { WideFactsInMemory } from '../../domain/log/wide-facts.ts'
import { goneMembers } from './gone-members.ts'

const NOW_MS = Date.parse('2026-01-10T00:00:00.000Z')
const position = formatPosition(1, 7)
const id = (name: string): MemberId => name as MemberId
const gateway: Member = { member: id('a'), kind: 'verifier', service: 'gateway', host: 'h', protocol: 1 }

const told = (change: Partial<Membership>): Membership => ({
  position,
  member: null,
  isEvicted: false,
  at: '2026-01-08T23:59:59.999Z',
  ...change,
})

describe('members that are gone', () => {
  it('are those that left or were evicted more than a day ago, and no others', () => {
    const members = new Map([
      [id('left'), told({})],
      [id('evicted'), told({ isEvicted: true })],
      [id('member'), told({ member: gateway })],
      [id('lately'), told({ isEvicted: true, at: '2026-01-09T00:00:00.000Z' })],
      [id('no-time'), told({ at: 'yesterday' })],
      [id('tomorrow'), told({ at: '2026-01-11T00:00:00.000Z' })],
    ])
    expect(goneMembers(members, 1, NOW_MS).map(({ member }) => member)).toEqual(['left', 'evicted'])
  })

  it('are forgotten only as they were told: a later word stays', () => {
    const wide = new WideFactsInMemory()
    wide.take({ kind: 'member', member: id('a'), value: told({}) })
    const [gone] = goneMembers(wide.members, 1, NOW_MS)
    if (gone === undefined) throw new Error('not gone')
    wide.take({ kind: 'member', member: id('a'), value: told({ position: formatPosition(1, 8) }) })
    wide.forgetMember(gone)
    expect(wide.members.size).toBe(1)
    wide.forgetMember({ ...gone, value: told({ position: formatPosition(1, 8) }) })
    expect(wide.members.size).toBe(0)
  })
})
