import type { Position, SecurityEvent, SessionId, TenantId, UserId } from '@curfew/contracts'
import { SecurityEventSchema } from '@curfew/contracts'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'

import { changeText, effectText } from '../operators/change-text.ts'
import { sessionForTest } from '../sessions/session-record.fixture.ts'
import { keptText } from './audit-record.ts'
import { SECURITY_EVENTS } from './security-events.ts'

const session = 'A'.repeat(22) as SessionId
const [tenant, user] = ['acme' as TenantId, 'alice' as UserId]

describe('an event', () => {
  it.each<[string, SecurityEvent | undefined]>([
    ['of a session', SECURITY_EVENTS.sessionCreated(sessionForTest({ addressClass: '192.0.2.0/24' }))],
    [
      'of a logout',
      SECURITY_EVENTS.sessionEnded({ sessionId: session, actor: 'acme/alice', state: 'confirmed' }),
    ],
    [
      'of an end by a client',
      SECURITY_EVENTS.sessionEnded({ sessionId: session, actor: 'client:x', state: 'unknown' }),
    ],
    ['of a claim', SECURITY_EVENTS.claimSettled({ outcome: 'spent', sessionId: session, tenant, user })],
    ['of a refused operator', SECURITY_EVENTS.operatorRefused({ reason: 'unknown', requestId: 'r' })],
    [
      'of a large change',
      SECURITY_EVENTS.roleChanged({
        tenant,
        role: 'editor' as never,
        actor: 'curfew/operator',
        state: 'confirmed',
        requestId: 'r',
        change: changeText(
          [],
          Array.from({ length: 256 }, (_, n) => `documents:${n}`),
        ),
        effect: 'confirmed by 4 of 4',
      }),
    ],
  ])('%s has the shape that the trail takes', (_, event) => {
    expect(Value.Errors(SecurityEventSchema, event)).toEqual([])
  })

  it('of a revocation says who, what, why, with what effect and to how many', () => {
    const revocation = {
      id: 'rev_x',
      position: '000001.0000000000000001' as Position,
      scope: { type: 'session', session } as const,
      reason: 'laptop stolen',
      actor: 'acme/chief',
      at: '',
      except: [],
    }
    const recorded = { revocation, state: 'confirmed', isProjected: true, requestId: 'r1' } as const
    const affected = { count: 1, isComplete: true, owner: { tenant, user } }
    expect(
      SECURITY_EVENTS.revocationRecorded({ ...recorded, effect: 'confirmed by 2 of 2', affected }),
    ).toEqual({
      type: 'revocation.recorded',
      actor: 'acme/chief',
      outcome: 'done',
      tenant,
      user,
      session,
      reason: 'laptop stolen',
      effect: 'scope session, 1 session, confirmed by 2 of 2, rev_x',
      requestId: 'r1',
    })
    const wide = { ...revocation, scope: { type: 'global' } as const }
    expect(
      SECURITY_EVENTS.revocationRecorded({ ...recorded, revocation: wide, effect: 'recorded' }),
    ).toMatchObject({ effect: 'scope global, recorded, rev_x' })
    const counted = { revocation: wide, requestId: 'r1' }
    const cut = { count: 10_240, isComplete: false, countMax: 1_000_000 }
    expect(SECURITY_EVENTS.revocationCounted({ ...counted, affected: cut })).toEqual({
      type: 'revocation.counted',
      actor: 'acme/chief',
      outcome: 'done',
      reason: 'laptop stolen',
      effect: 'scope global, at least 10240 and at most 1000000 sessions ended, rev_x',
      requestId: 'r1',
    })
    expect(SECURITY_EVENTS.revocationCounted({ ...counted, affected: undefined })).toMatchObject({
      outcome: 'unknown',
      effect: 'scope global, not counted, rev_x',
    })
  })

  it('is told of a throttled caller once in a window', () => {
    const throttled = { policy: 'operator-calls', actor: 'acme/chief' }
    expect(SECURITY_EVENTS.throttled({ ...throttled, isFirst: true })).toMatchObject({ tenant })
    expect(SECURITY_EVENTS.throttled({ ...throttled, isFirst: false })).toBeUndefined()
  })

  it('is told of a token that is tried with another secret, not of one that is merely over', () => {
    const examined = { client: 'backend' as never, sessionId: session }
    expect(SECURITY_EVENTS.tokenExamined({ ...examined, result: 'mismatch' })).toMatchObject({
      type: 'token.guessed',
    })
    expect(SECURITY_EVENTS.tokenExamined({ ...examined, result: 'expired' })).toBeUndefined()
  })
})

describe('a change', () => {
  it('is what was added and what was taken away', () => {
    expect(changeText(['viewer', 'a:read'], ['editor', 'a:read'])).toBe('+editor -viewer')
    expect(changeText(['viewer'], ['viewer'])).toBe('nothing changed')
    expect(changeText(undefined, ['viewer'])).toBe('now viewer')
    expect(changeText(undefined, [])).toBe('now nothing')
  })
})

describe('an effect', () => {
  it('names those who confirmed it, where somebody did', () => {
    expect(effectText({ state: 'confirmed', verifiers: { total: 4, acknowledged: 3 } })).toBe(
      'confirmed by 3 of 4',
    )
    expect(effectText({ state: 'recorded' })).toBe('recorded')
  })
})

describe('text from outside', () => {
  it('keeps no line break, no terminal sequence and no turned direction', () => {
    expect(keptText('a\r\nb\u001b[31mc\u009b31md\u2028e\u202ef"}{')).toBe('a��b�[31mc�31md�e�f"}{')
  })

  it('keeps no token and no claim', () => {
    expect(keptText(`found cfs_${'A'.repeat(65)} in a mail`)).toBe('found [redacted] in a mail')
    expect(keptText('x eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln y')).toBe('x [redacted] y')
  })
})
