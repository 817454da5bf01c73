import {
  formatPosition,
  type ClientId,
  type SessionInfo,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { Creation, NewSession } from '../ports.ts'
import { logIn, type LoginPorts } from './log-in.ts'

const birth = formatPosition(1, 42)
const attempt = { tenant: 'acme', username: 'alice', password: 'right', client: 'browser' as ClientId }
const created: Creation = { outcome: 'created', token: 'cfs_…', session: { user: 'alice' } as SessionInfo }

function setUp({ creation = created, isFull = false, isBusy = false } = {}) {
  const steps: string[] = []
  const asked: NewSession[] = []
  const ports: LoginPorts = {
    accounts: {
      decoyHash: 'decoy',
      find(tenant, username) {
        steps.push('account')
        const isKnown = tenant === 'acme' && username === 'alice'
        return isKnown
          ? { tenant: tenant as TenantId, user: username as UserId, passwordHash: 'hash-of-right' }
          : undefined
      },
    },
    passwords: {
      isFull,
      check(passwordHash, password) {
        steps.push(`check ${passwordHash}`)
        if (isBusy) return Promise.resolve('busy')
        return Promise.resolve(passwordHash === `hash-of-${password}` ? 'right' : 'wrong')
      },
    },
    authority: {
      prepare() {
        steps.push('prepare')
        return Promise.resolve(birth)
      },
      create(session) {
        steps.push('create')
        asked.push(session)
        return Promise.resolve(creation)
      },
      end: () => Promise.resolve('recorded'),
    },
  }
  return { ports, steps, asked }
}

describe('a login', () => {
  it('takes its birth before it looks at the account, and carries it into the session', async () => {
    const { ports, steps, asked } = setUp()
    expect(await logIn(ports, attempt)).toEqual({
      kind: 'created',
      token: created.token,
      session: created.session,
    })
    expect(steps).toEqual(['prepare', 'account', 'check hash-of-right', 'create'])
    expect(asked).toEqual([
      { birth, tenant: 'acme', user: 'alice', client: 'browser', acr: 'aal1', amr: ['pwd'] },
    ])
  })

  it('of an unknown account costs one check of a password, like one with a wrong password', async () => {
    const [unknown, wrong] = [setUp(), setUp()]
    expect(await logIn(unknown.ports, { ...attempt, username: 'mallory' })).toEqual({
      kind: 'refused',
      reason: 'unknown-account',
    })
    expect(await logIn(wrong.ports, { ...attempt, password: 'guess' })).toEqual({
      kind: 'refused',
      reason: 'wrong-password',
    })
    expect(unknown.steps).toEqual(['prepare', 'account', 'check decoy'])
    expect(wrong.steps).toEqual(['prepare', 'account', 'check hash-of-right'])
  })

  it('of an unknown account fails even if the decoy were guessed', async () => {
    const { ports } = setUp()
    const lucky = {
      ...ports,
      passwords: { ...ports.passwords, check: () => Promise.resolve('right' as const) },
    }
    expect((await logIn(lucky, { ...attempt, tenant: 'other' })).kind).toBe('refused')
  })

  it('is refused with the authority’s reason, for the log', async () => {
    const { ports } = setUp({ creation: { outcome: 'refused', reason: 'suspended' } })
    expect(await logIn(ports, attempt)).toEqual({ kind: 'refused', reason: 'suspended' })
  })

  it('is turned away before anything is asked when too many are waiting, and after it when they came meanwhile', async () => {
    const full = setUp({ isFull: true })
    expect(await logIn(full.ports, attempt)).toEqual({ kind: 'busy' })
    expect(full.steps).toEqual([])
    const busy = setUp({ isBusy: true })
    expect(await logIn(busy.ports, attempt)).toEqual({ kind: 'busy' })
    expect(busy.steps).not.toContain('create')
  })
})
