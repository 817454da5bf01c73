import type { Member, MemberId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { MemberAdmission } from './member-admission.ts'

const LIMITS = { perService: 10, joinsPerMinute: 6 }
const at = (seconds: number) => ({ monotonicMs: seconds * 1_000, wallMs: 0 })
const verifier = (id: number, service = 'gateway'): Member => ({
  member: `${service}-${id}` as MemberId,
  kind: 'verifier',
  service,
  host: 'a',
  protocol: 1,
})

/** How many of so many that come in one moment and leave at once are let in. */
function letIn(admission: MemberAdmission, many: number, seconds: number): number {
  let count = 0
  for (let id = 0; id < many; id += 1) {
    const member = verifier(seconds * 1_000 + id)
    if (admission.ask(member, 0, at(seconds)) !== undefined) continue
    count += 1
    admission.settled(member.member)
  }
  return count
}

describe('MemberAdmission', () => {
  it('lets a whole fleet in at once, and then so many a minute', () => {
    const admission = new MemberAdmission(LIMITS)
    expect(letIn(admission, 100, 0)).toBe(10)
    expect(admission.ask(verifier(1), 0, at(4))).toEqual({ refused: 'too-many-joins', retryAfterMs: 6_000 })
    expect(letIn(admission, 100, 10)).toBe(1)
    expect(letIn(admission, 100, 70)).toBe(6)
    expect(letIn(admission, 100, 7_000)).toBe(10)
  })

  it('counts who is a member, and who is about to be', () => {
    const admission = new MemberAdmission(LIMITS)
    expect(admission.ask(verifier(1), 9, at(0))).toBeUndefined()
    expect(admission.ask(verifier(2), 9, at(0))).toMatchObject({ refused: 'too-many-members' })
    admission.settled(verifier(1).member)
    expect(admission.ask(verifier(2), 9, at(0))).toBeUndefined()
    expect(admission.ask(verifier(3), 10, at(0))).toMatchObject({ refused: 'too-many-members' })
  })

  it('counts once whom it has let in itself, and whom another replica has let in', () => {
    const admission = new MemberAdmission(LIMITS)
    expect(admission.ask(verifier(1), 0, at(0))).toBeUndefined()
    admission.joined(verifier(1), at(0))
    admission.settled(verifier(1).member)
    for (let id = 2; id <= 5; id += 1) admission.joined(verifier(id), at(0))
    expect(letIn(admission, 100, 0)).toBe(5)
  })

  it('keeps services apart', () => {
    const admission = new MemberAdmission(LIMITS)
    expect(letIn(admission, 100, 0)).toBe(10)
    expect(admission.ask(verifier(1, 'documents'), 0, at(0))).toBeUndefined()
  })

  it('is worth a line once a minute, for each service and reason', () => {
    const admission = new MemberAdmission(LIMITS)
    const isFirst = (service: string, seconds: number): boolean =>
      admission.refusal(service, 'too-many-joins', at(seconds)).isFirst
    expect([isFirst('a', 0), isFirst('a', 59), isFirst('b', 59), isFirst('a', 60)]).toEqual([
      true,
      false,
      true,
      true,
    ])
  })
})
