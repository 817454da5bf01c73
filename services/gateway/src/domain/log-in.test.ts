import {
  formatPosition,
  type ClientId,
  type SessionInfo,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { Account, Creation, NewSession, UsedUp } from '../ports.ts'
import { strangerLane } from './attempt-throttle.ts'
import { costOf, decoyHashFor } from './decoy-hash.ts'
import { logIn, type LoginAttempt, type LoginPorts } from './log-in.ts'

const birth = formatPosition(1, 42)
const attempt: LoginAttempt = {
  tenant: 'acme',
  username: 'alice',
  password: 'right',
  client: 'browser' as ClientId,
  lane: strangerLane({ tenant: 'acme', username: 'alice' }, '192.0.2.7/32'),
  label: 'Firefox on Linux',
  addressClass: '192.0.2.0/24',
}
const account: Account = {
  tenant: 'acme' as TenantId,
  user: 'alice' as UserId,
  passwordHash: 'hash-of-right',
  revision: 0,
}
const waiting: UsedUp = { policy: { name: 'login', quota: 1, windowSeconds: 60 }, resetMs: 42_000 }
const created: Creation = { outcome: 'created', token: 'cfs_…', session: { user: 'alice' } as SessionInfo }

function setUp({
  creation = created,
  isFull = false,
  isBusy = false,
  isThrottled = false,
  isSpent = false,
} = {}) {
  const steps: string[] = []
  const asked: NewSession[] = []
  const ports: LoginPorts = {
    accounts: {
      decoyHash: 'decoy',
      find(tenant, username) {
        steps.push('account')
        return Promise.resolve(tenant === 'acme' && username === 'alice' ? account : undefined)
      },
      storePassword: () => Promise.resolve('stored'),
    },
    passwords: {
      hasRoomFor: () => !isFull,
      check(passwordHash, password) {
        steps.push(`check ${passwordHash}`)
        if (isBusy) return Promise.resolve('busy')
        return Promise.resolve(passwordHash === `hash-of-${password}` ? 'right' : 'wrong')
      },
      hash: () => Promise.resolve(undefined),
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
    attempts: {
      admit() {
        steps.push('admit')
        return Promise.resolve(isThrottled ? waiting : undefined)
      },
      failed() {
        steps.push('failed')
        return Promise.resolve()
      },
    },
    budget: {
      take({ tenant, user }) {
        steps.push(`budget of ${tenant}/${user}`)
        return Promise.resolve(isSpent ? waiting : undefined)
      },
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
      account,
    })
    expect(steps).toEqual([
      'admit',
      'prepare',
      'account',
      'check hash-of-right',
      'budget of acme/alice',
      'create',
    ])
    const { client, label, addressClass } = attempt
    expect(asked).toEqual([
      { birth, tenant: 'acme', user: 'alice', client, acr: 'aal1', amr: ['pwd'], label, addressClass },
    ])
  })

  it('of an unknown account costs one check of a password, like one with a wrong password', async () => {
    const [unknown, wrong] = [setUp(), setUp()]
    expect(await logIn(unknown.ports, { ...attempt, username: 'mallory' })).toEqual({
      kind: 'refused',
      reason: 'unknown-account',
      subject: undefined,
    })
    expect(await logIn(wrong.ports, { ...attempt, password: 'guess' })).toEqual({
      kind: 'refused',
      reason: 'wrong-password',
      subject: { tenant: 'acme', user: 'alice' },
    })
    expect(unknown.steps).toEqual(['admit', 'prepare', 'account', 'check decoy', 'failed'])
    expect(wrong.steps).toEqual(['admit', 'prepare', 'account', 'check hash-of-right', 'failed'])
  })

  it.each(['m=8192,t=1,p=1', 'm=19456,t=2,p=1', 'm=65536,t=3,p=4', 'm=102400,t=8,p=2'])(
    'takes the same work for everybody, also where the accounts’ hashes differ: %s',
    async (parameters) => {
      const stored = `$argon2id$v=19$${parameters}$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g`
      const others = '$argon2id$v=19$m=32768,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g'
      const decoyHash = decoyHashFor([stored, others])
      const workOf = async (found: Account | undefined): Promise<number> => {
        const checked: string[] = []
        const { ports } = setUp()
        await logIn(
          {
            ...ports,
            accounts: { ...ports.accounts, decoyHash, find: () => Promise.resolve(found) },
            passwords: {
              ...ports.passwords,
              check(passwordHash) {
                checked.push(passwordHash)
                return Promise.resolve('wrong')
              },
            },
          },
          attempt,
        )
        return checked.reduce((sum, one) => sum + costOf(one), 0)
      }
      const unknown = await workOf(undefined)
      const known = await workOf({ ...account, passwordHash: stored })
      expect(unknown).toBe(costOf(decoyHash))
      // Memory is divided by passes: the remainder is less than one pass over a few KiB.
      expect(Math.abs(known - unknown)).toBeLessThan(16)
    },
  )

  it('beyond a limit is turned away before anything is asked, and counts for nothing', async () => {
    const { ports, steps } = setUp({ isThrottled: true })
    expect(await logIn(ports, attempt)).toEqual({ kind: 'throttled', usedUp: waiting })
    expect(steps).toEqual(['admit'])
  })

  it('beyond the budget of the account is turned away after the right password, and no session begins', async () => {
    const { ports, steps } = setUp({ isSpent: true })
    const subject = { tenant: 'acme', user: 'alice' }
    expect(await logIn(ports, attempt)).toEqual({ kind: 'throttled', usedUp: waiting, subject })
    expect(steps).toEqual(['admit', 'prepare', 'account', 'check hash-of-right', 'budget of acme/alice'])
  })

  it('of an unknown account fails even if the decoy were guessed', async () => {
    const { ports } = setUp()
    const lucky = {
      ...ports,
      passwords: { ...ports.passwords, check: () => Promise.resolve('right' as const) },
    }
    expect((await logIn(lucky, { ...attempt, tenant: 'other' })).kind).toBe('refused')
  })

  it('is refused with the authority’s reason, for the log, and counts like one with a wrong password', async () => {
    const { ports, steps } = setUp({ creation: { outcome: 'refused', reason: 'suspended' } })
    expect(await logIn(ports, attempt)).toMatchObject({ kind: 'refused', reason: 'suspended' })
    expect(steps.at(-1)).toBe('failed')
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
