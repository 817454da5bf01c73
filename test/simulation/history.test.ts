/** What counts as a broken promise. */
import { formatPosition, type ClientId, type SessionId, type TenantId, type UserId } from '@curfew/contracts'
import { beforeEach, describe, expect, it } from 'vitest'

import { History, PromiseBroken, type Check, type Login, type Revocation } from './history.ts'

const WAIT_MS = 1_000
const login: Login = {
  label: 'alice',
  id: 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId,
  token: 'cfs_',
  tenant: 'acme' as TenantId,
  user: 'alice' as UserId,
  client: 'web' as ClientId,
  birth: formatPosition(1, 5),
  isLost: false,
}

let history: History
let check: (change: Partial<Check>) => void

function revocation(change: Partial<Revocation>): Revocation {
  const scope = { type: 'user', tenant: login.tenant, user: login.user } as const
  const entry = {
    v: 1,
    id: 'r',
    at: '2026-01-01T00:00:00.000Z',
    actor: 'operator',
    type: 'revoked',
    scope,
  } as const
  const stored = { atMs: 100, position: formatPosition(1, 9) }
  const unknown = { confirmedAtMs: undefined, isAcknowledged: false, isRolledBack: false }
  return { label: 'revocation', entry, stored, latest: stored.position, ...unknown, ...change }
}

beforeEach(() => {
  history = new History(() => WAIT_MS)
  check = (change) =>
    history.judge({
      guard: 'gateway',
      incarnation: 1,
      login,
      beganMs: 200,
      endedMs: 200,
      outcome: 'admitted',
      ...change,
    })
})

describe('an admission', () => {
  it('may not begin after the confirmation', () => {
    history.revocations.push(revocation({ confirmedAtMs: 150 }))
    expect(() => check({ beganMs: 149 })).not.toThrow()
    expect(() => check({ beganMs: 150 })).toThrow(PromiseBroken)
  })

  it('may not begin W after the log has stored it, whoever knows', () => {
    history.revocations.push(revocation({}))
    expect(() => check({ beganMs: 1_099 })).not.toThrow()
    expect(() => check({ beganMs: 1_100 })).toThrow(PromiseBroken)
  })

  it('may not follow a refusal of the same process', () => {
    history.revocations.push(revocation({}))
    check({ outcome: 'refused', reason: 'revoked' })
    expect(() => check({ incarnation: 2 })).not.toThrow()
    expect(() => check({})).toThrow(PromiseBroken)
  })

  it('of a session that was born later is right', () => {
    history.revocations.push(revocation({ confirmedAtMs: 150 }))
    expect(() => check({ login: { ...login, birth: formatPosition(1, 9) }, beganMs: 5_000 })).not.toThrow()
  })

  it('against a revocation that nobody was told of, and that the log has lost, is right', () => {
    history.revocations.push(revocation({ isRolledBack: true }))
    expect(() => check({ beganMs: 5_000 })).not.toThrow()
  })

  it('against one that somebody was told of is not, while all who run have read it', () => {
    history.revocations.push(revocation({ isRolledBack: true, isAcknowledged: true }))
    expect(() => check({ beganMs: 5_000 })).toThrow(PromiseBroken)
    history.areSomeUnaware = true
    expect(() => check({ beganMs: 5_000 })).not.toThrow()
  })

  it('may not begin W after the log was closed, whoever it is', () => {
    history.closedAtMs = 100
    expect(() => check({ beganMs: 1_099 })).not.toThrow()
    expect(() => check({ beganMs: 1_100 })).toThrow(PromiseBroken)
  })

  it('may not begin after a refusal by the same guard', () => {
    history.revocations.push(revocation({ stored: undefined, latest: undefined }))
    check({ outcome: 'refused', reason: 'revoked', endedMs: 300 })
    expect(() => check({ beganMs: 299 })).not.toThrow()
    expect(() => check({ beganMs: 300, incarnation: 2 })).not.toThrow()
    expect(() => check({ beganMs: 300 })).toThrow(PromiseBroken)
  })
})

describe('a refusal', () => {
  it('needs a revocation', () => {
    expect(() => check({ outcome: 'refused', reason: 'unknown' })).toThrow(PromiseBroken)
    expect(() =>
      check({ outcome: 'refused', reason: 'unknown', login: { ...login, isLost: true } }),
    ).not.toThrow()
    expect(() => check({ outcome: 'unsure' })).not.toThrow()
  })

  it('is right as soon as somebody has asked for one', () => {
    history.revocations.push(revocation({ stored: undefined, latest: undefined }))
    expect(() => check({ outcome: 'refused', reason: 'revoked' })).not.toThrow()
  })
})
