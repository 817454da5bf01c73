import { RELEASE_CLAIM, SUBJECTS, type Delivery, type DeliveryEnd, type Permission } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { setStage, type Created, type Replica, type Stage } from './stage.ts'

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

  it('is withdrawn when its session has lost the permission that it stands for', async () => {
    const operator = replicas[0]?.as(await stage.login('curfew/operator'))
    const session = await stage.login('acme/dora')
    const grant = async (permissions: string[]) =>
      expectJson(
        (await operator?.put('/v1/subjects/acme/dora/grants', { roles: [], permissions })) as Response,
        200,
      )
    const permission = 'documents:read' as Permission
    await grant([permission])
    expect(await stage.redeem(session, 'with-permission', { permission })).toBe('redeemed')
    await grant([])
    expect(await stage.redeem(session, 'without-permission', { permission })).toBe('withdrawn')
  })
})

describe('a delivery', () => {
  const MIB = 1024 * 1024
  let session: Created
  let claimId: string
  beforeEach(async () => {
    session = await stage.login('acme/alice')
    claimId = `delivery-${session.session.id}`
  })

  const from = (offset: number, id = `attempt-at-${offset}-bytes`, size = 300 * MIB) => ({
    delivery: { id, from: offset, size },
  })
  const redeem = (delivery: { delivery: Delivery }) => stage.redeem(session, claimId, delivery)
  const release = async (began: { delivery: Delivery }, reached: number, end: DeliveryEnd['end']) => {
    const question = { issuer: 'documents', claimId, delivery: began.delivery.id, reached, end }
    await ask(stage.files, RELEASE_CLAIM, SUBJECTS.releaseClaim, question)
  }

  it('is one at a time, and the last one when it is done', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => redeem(from(0, `delivery-number-${n}`))),
    )
    expect(outcomes.filter((outcome) => outcome === 'redeemed')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'under-way')).toHaveLength(49)
    const winner = from(0, `delivery-number-${outcomes.indexOf('redeemed')}`)
    await release(winner, 100 * MIB, 'done')
    expect(await redeem(from(0))).toBe('spent')
    expect(await redeem(from(100 * MIB))).toBe('spent')
  })

  it('that broke off goes on where it stopped: what buffers may have swallowed is sent again, and no more', async () => {
    await redeem(from(0))
    await release(from(0), 100 * MIB, 'broken')
    expect(await redeem(from(84 * MIB - 1))).toBe('spent')
    expect(await redeem(from(90 * MIB))).toBe('redeemed')
    await release(from(90 * MIB), 200 * MIB, 'broken')
    // Ten of the sixteen are used up.
    expect(await redeem(from(194 * MIB - 1))).toBe('spent')
    expect(await redeem(from(194 * MIB))).toBe('redeemed')
    await release(from(194 * MIB), 200 * MIB, 'broken')
    expect(await redeem(from(200 * MIB - 1))).toBe('spent')
    expect(await redeem(from(200 * MIB))).toBe('redeemed')
    await release(from(200 * MIB), 300 * MIB, 'done')
    expect(await redeem(from(299 * MIB))).toBe('spent')
  })

  it.each([1, 20, 100_000, 10 * MIB])(
    'of a file of %i bytes can be sent again from its beginning once, and nearly whole no third time',
    async (size) => {
      let sent = 0
      for (let attempt = 0; attempt < 20; attempt += 1) {
        // The most that a caller can get who resets each line after its last byte.
        const starts = Array.from({ length: 20 }, (_, n) => Math.floor((size * n) / 20))
        const id = `attempt-number-${attempt}`
        let start: number | undefined
        for (const offset of starts) {
          if ((await redeem(from(offset, id, size))) !== 'redeemed') continue
          start = offset
          break
        }
        if (start === undefined) break
        await release(from(start, id, size), size, 'broken')
        sent += size - start
      }
      expect(sent).toBe(2 * size)
    },
  )

  it('of a part leaves the rest, from the very byte on', async () => {
    await redeem(from(0))
    await release(from(0), 100, 'part')
    expect(await redeem(from(99))).toBe('spent')
    expect(await redeem(from(500))).toBe('redeemed')
    await release(from(500), 600, 'part')
    expect(await redeem(from(100))).toBe('spent')
  })

  it('that sent nothing costs nothing', async () => {
    for (const id of ['nothing-was-sent-1', 'nothing-was-sent-2', 'nothing-was-sent-3']) {
      expect(await redeem(from(0, id))).toBe('redeemed')
      await release(from(0, id), 0, 'broken')
    }
    expect(await redeem(from(0))).toBe('redeemed')
  })

  it('is not ended by a late word about an earlier one, nor by an earlier byte', async () => {
    await redeem(from(0))
    await release(from(0), 50 * MIB, 'broken')
    await redeem(from(45 * MIB))
    await release(from(0), 50 * MIB, 'broken')
    await release(from(0), 50 * MIB, 'done')
    expect(await redeem(from(49 * MIB))).toBe('under-way')
    await release(from(45 * MIB), 0, 'broken')
    expect(await redeem(from(44 * MIB))).toBe('spent')
    expect(await redeem(from(45 * MIB))).toBe('redeemed')
  })

  it('is not to be had of a claim that was spent at once, nor the other way round', async () => {
    expect(await stage.redeem(session, claimId)).toBe('redeemed')
    expect(await redeem(from(0))).toBe('spent')
    claimId += '-2'
    await redeem(from(0))
    expect(await stage.redeem(session, claimId)).toBe('under-way')
    await release(from(0), 10, 'part')
    expect(await stage.redeem(session, claimId)).toBe('spent')
  })

  it('is forgotten with its claim, whatever became of it', async () => {
    await redeem(from(0))
    await release(from(0), 10, 'broken')
    for (const key of await stage.redis.keys('curfew:claim:*'))
      expect(await stage.redis.pttl(key)).toBeGreaterThan(0)
  })

  it('that nobody knows of is released without a word', async () => {
    await release(from(0), 10, 'broken')
    expect(await redeem(from(0))).toBe('redeemed')
  })
})
