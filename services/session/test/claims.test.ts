import { expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replicas: Replica[]
beforeAll(async () => {
  stage = await setStage()
  replicas = [await stage.start(), await stage.start()]
})
afterAll(() => stage[Symbol.asyncDispose]())

describe('a one-time claim', () => {
  it('is redeemed for exactly one of a hundred who present it at once to two replicas', async () => {
    const session = await stage.login('acme/alice')
    for (const claimId of ['jti-1', 'jti-2', 'jti-3']) {
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => stage.redeem(session, claimId)))
      expect(outcomes.filter((outcome) => outcome === 'redeemed')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'spent')).toHaveLength(99)
    }
  })

  it("is its issuer's own: the same id of another issuer is another claim", async () => {
    const session = await stage.login('acme/alice')
    expect(await stage.redeem(session, 'shared', { issuer: 'a' })).toBe('redeemed')
    expect(await stage.redeem(session, 'shared', { issuer: 'b' })).toBe('redeemed')
    // Neither can the boundary between the two be moved.
    expect(await stage.redeem(session, 'xshared', { issuer: 'a' })).toBe('redeemed')
    expect(await stage.redeem(session, 'shared', { issuer: 'ax' })).toBe('redeemed')
  })

  it('is withdrawn with its session, its user or its tenant', async () => {
    const operator = replicas[0]?.as(await stage.login('curfew/operator'))
    const ended = await stage.login('acme/alice')
    await stage.logout(ended)
    const revoked = await stage.login('acme/bob')
    const suspended = await stage.login('acme/carl')
    const scope = { type: 'user', tenant: 'acme', user: 'bob' }
    await expectJson((await operator?.post('/v1/revocations', { scope, reason: 'x' })) as Response, 200)
    await expectJson((await operator?.post('/v1/subjects/acme/carl/suspend')) as Response, 200)
    for (const session of [ended, revoked, suspended]) {
      // The other replica may hear of it a moment later; this one has said that it holds.
      let outcome = await stage.redeem(session, `withdrawn-${session.session.id}`)
      for (let again = 0; outcome === 'redeemed' && again < 50; again++)
        outcome = await stage.redeem(session, `withdrawn-${again}-${session.session.id}`)
      expect(outcome).toBe('withdrawn')
    }
  })

  it('is withdrawn when it names another user than its session', async () => {
    const session = await stage.login('acme/alice')
    expect(await stage.redeem(session, 'other-user', { user: 'bob' as never })).toBe('withdrawn')
    expect(await stage.redeem(session, 'other-tenant', { tenant: 'globex' as never })).toBe('withdrawn')
    expect(await stage.redeem(session, 'unknown', { session: 'AAAAAAAAAAAAAAAAAAAAAA' as never })).toBe(
      'withdrawn',
    )
  })

  it('is remembered past its expiry, and not accepted when that cannot be', async () => {
    const session = await stage.login('acme/alice')
    const nowSeconds = Math.floor(Date.now() / 1_000)
    expect(await stage.redeem(session, 'just-over', { expiresAtSeconds: nowSeconds - 30 })).toBe('redeemed')
    expect(await stage.redeem(session, 'just-over', { expiresAtSeconds: nowSeconds - 30 })).toBe('spent')
    expect(await stage.redeem(session, 'long-over', { expiresAtSeconds: nowSeconds - 61 })).toBe('withdrawn')
    expect(await stage.redeem(session, 'for-ever', { expiresAtSeconds: nowSeconds + 90_000 })).toBe(
      'withdrawn',
    )
    const [key] = await stage.redis.keys('curfew:claim:*')
    expect(await stage.redis.pttl(key ?? '')).toBeGreaterThan(0)
  })

  it('is no name for a Redis key, whatever it holds', async () => {
    const session = await stage.login('acme/alice')
    const claimId = '}{\r\nFLUSHALL *'
    expect(await stage.redeem(session, claimId)).toBe('redeemed')
    expect(await stage.redeem(session, claimId)).toBe('spent')
    expect(await stage.redis.keys('*FLUSH*')).toEqual([])
  })
})
