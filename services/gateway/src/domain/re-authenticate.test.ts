import type { SecretHash, SessionId, SessionInfo, TenantId, UserId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { Rotated, UsedUp } from '../ports.ts'
import { reauthenticate, type ReauthenticationPorts } from './re-authenticate.ts'

const own = { tenant: 'acme' as TenantId, user: 'alice' as UserId, session: 's'.repeat(22) as SessionId }
const secretHash = 'h'.repeat(43) as SecretHash
const session = { id: own.session } as SessionInfo
const rotated: Rotated = { outcome: 'rotated', token: 'cfs_new', session }

interface World {
  readonly answer?: Rotated
  readonly isFull?: boolean
  readonly checked?: 'right' | 'wrong' | 'busy'
  readonly hasAccount?: boolean
  readonly usedUp?: UsedUp
}

function setUp(world: World) {
  const { answer = rotated, isFull = false, checked = 'right', hasAccount = true, usedUp } = world
  const steps: unknown[] = []
  const never = (): never => {
    throw new Error('is not asked for here')
  }
  const ports: ReauthenticationPorts = {
    accounts: {
      find: (tenant, user) =>
        Promise.resolve(
          hasAccount
            ? { tenant: tenant as TenantId, user: user as UserId, passwordHash: 'hash', revision: 0 }
            : undefined,
        ),
      storePassword: never,
      decoyHash: 'decoy',
    },
    passwords: {
      hasRoomFor: () => !isFull,
      check(passwordHash) {
        steps.push(passwordHash)
        return Promise.resolve(checked)
      },
      hash: never,
    },
    authority: {
      rotate(asked) {
        steps.push(asked)
        return Promise.resolve(answer)
      },
    },
    attempts: {
      admit: () => Promise.resolve(usedUp),
      failed(lane) {
        steps.push(['failed', lane.failures])
        return Promise.resolve()
      },
    },
  }
  const attempt = () => reauthenticate(ports, { own, secretHash, address: '192.0.2.1', password: 'pw' })
  return { attempt, steps }
}

describe('a re-authentication', () => {
  it('with the right password rotates the very secret that was presented, at the lowest level', async () => {
    const { attempt, steps } = setUp({})
    expect(await attempt()).toEqual({ kind: 'rotated', token: 'cfs_new', session })
    const authentication = { acr: 'aal1', amr: ['pwd'] }
    const by = { actor: 'acme/alice', reason: 're-authentication' }
    expect(steps).toEqual(['hash', { ...own, secretHash, authentication, ...by }])
  })

  it('with a wrong password changes nothing', async () => {
    const { attempt, steps } = setUp({ checked: 'wrong' })
    expect(await attempt()).toEqual({ kind: 'wrong-password' })
    expect(steps).toEqual(['hash', ['failed', ['session', own.session]]])
  })

  it('that comes too often is not looked at', async () => {
    const usedUp = { policy: { name: 'login', quota: 1, windowSeconds: 60 }, resetMs: 900 }
    const { attempt, steps } = setUp({ usedUp })
    expect(await attempt()).toEqual({ kind: 'throttled', usedUp })
    expect(steps).toEqual([])
  })

  it('of somebody without an account here costs the same and changes nothing, whatever fits the decoy', async () => {
    const { attempt, steps } = setUp({ hasAccount: false })
    expect(await attempt()).toEqual({ kind: 'wrong-password' })
    expect(steps[0]).toBe('decoy')
  })

  it('is turned away where too many wait, before or while it waits itself', async () => {
    const full = setUp({ isFull: true })
    expect(await full.attempt()).toEqual({ kind: 'busy' })
    expect(full.steps).toEqual([])
    expect(await setUp({ checked: 'busy' }).attempt()).toEqual({ kind: 'busy' })
  })

  it.each<[Rotated, object]>([
    [{ outcome: 'superseded' }, { kind: 'superseded' }],
    [
      { outcome: 'refused', reason: 'revoked' },
      { kind: 'refused', reason: 'revoked' },
    ],
  ])('that the authority answers with %j says so', async (answer, result) => {
    expect(await setUp({ answer }).attempt()).toEqual(result)
  })
})
