/**
 * ⑦ → ④ Redeeming over a real broker, as the user that the file service has there.
 */
import { REDEEM_CLAIM, SUBJECTS, type SessionId, type Subject } from '@curfew/contracts'
import { answer, connectMessaging } from '@curfew/messaging'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { redeemClaim, type ClaimId, type FileClaim, type FileId } from '../src/index.ts'

const claim: FileClaim = {
  issuer: 'http://documents.test',
  claimId: 'B'.repeat(22) as ClaimId,
  subject: { tenant: 'acme', user: 'alice@example.com' } as Subject,
  session: 'A'.repeat(22) as SessionId,
  act: { op: 'download', file: 'F'.repeat(22) as FileId },
  expiresAtSeconds: 1_795_370_520,
}

let servers: TestServers
let files: NatsConnection
let authority: NatsConnection
beforeAll(async () => {
  servers = await startTestServers()
  files = await connectMessaging({ url: servers.natsUrl('files'), name: 'files' })
  authority = await connectMessaging({ url: servers.natsUrl('session'), name: 'session' })
})
afterAll(async () => {
  await Promise.all([files.close(), authority.close()])
  await servers[Symbol.asyncDispose]()
})

it.each(['redeemed', 'spent', 'withdrawn'] as const)('hears that a claim is %s', async (outcome) => {
  const asked: unknown[] = []
  const answering = answer(authority, REDEEM_CLAIM, SUBJECTS.redeemClaim, (question) => {
    asked.push(question)
    return { outcome }
  })
  await authority.flush()
  expect(await redeemClaim(files, claim)).toBe(outcome)
  expect(asked).toEqual([
    {
      issuer: 'http://documents.test',
      claimId: 'B'.repeat(22),
      expiresAtSeconds: 1_795_370_520,
      session: 'A'.repeat(22),
      tenant: 'acme',
      user: 'alice@example.com',
    },
  ])
  await answering.drain()
})

it('hears nothing, rather than a verdict, when nobody can answer', async () => {
  await expect(redeemClaim(files, claim)).rejects.toMatchObject({
    name: 'RequestFailed',
    // By its timeout where the server does not say that nobody hears it (before 2.10).
    code: expect.stringMatching(/^(unavailable|timeout)$/),
  })
  const answering = answer(authority, REDEEM_CLAIM, SUBJECTS.redeemClaim, () => {
    throw new Error('no Redis')
  })
  await authority.flush()
  await expect(redeemClaim(files, claim)).rejects.toMatchObject({
    name: 'RequestFailed',
    code: 'unavailable',
  })
  await answering.drain()
})
