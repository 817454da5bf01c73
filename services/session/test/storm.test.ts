import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

import {
  JOIN,
  RENEW_LEASE,
  SUBJECTS,
  memberSubject,
  renewSubject,
  type Audience,
  type MemberId,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { Static } from 'typebox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { TestMember } from './members.ts'
import { AT_ONCE_MS, ENV, Operating, W_MS } from './operating.ts'
import { setStage, until, type Replica, type Stage } from './stage.ts'

type Joined = Static<typeof JOIN.answer>

const LIMITS = { SESSION_MEMBERS_PER_SERVICE: '40', SESSION_JOINS_PER_MINUTE: '60' }
const GATEWAY = 'gateway' as Audience
const DOCUMENTS = 'documents' as Audience

let stage: Stage
let one: Replica
let operating: Operating
beforeEach(async () => {
  stage = await setStage()
  one = await stage.start({ ...ENV, ...LIMITS })
  // Leases are so short that a busy machine may have lost the first one by now.
  await until('there is a lease', () => one.isReady())
  await until('the operator is signed in', async () => {
    operating = new Operating(await stage.login('curfew/operator'), one)
    return true
  })
})
afterEach(() => stage[Symbol.asyncDispose]())

describe('verifiers that join without end', () => {
  it('are as many as may be at once, and hold up no confirmation beyond W, nor another service’s verifier', async () => {
    await using honest = await new TestMember(stage.gateway).join()
    const answers = await Promise.all(Array.from({ length: 300 }, () => join(GATEWAY)))
    expect(answers.filter((answer) => !('refused' in answer))).toHaveLength(39)
    const refusals = answers.filter((answer) => 'refused' in answer)
    expect(new Set(refusals.map(({ refused }) => refused))).toEqual(new Set(['too-many-members']))
    for (const { retryAfterMs } of refusals) expect(retryAfterMs).toBeGreaterThan(0)

    const revoked = operating.revoke()
    expect(await join(DOCUMENTS)).toEqual({})
    expect(await honest.renew()).toMatchObject({ outcome: 'granted' })
    // Not once for each of them, however busy this machine is.
    expect((await revoked).tookMs).toBeLessThan(3 * W_MS)
    // It was a member before, and says so again.
    expect(await join(GATEWAY, honest.id)).toEqual({})
    const metrics = await (await fetch(`${one.operationsUrl}/metrics`)).text()
    expect(metrics).toMatch(
      /^curfew_member_joins_refused_total\{reason="too-many-members",service="session"\} 261$/m,
    )
    const told = one.lines.filter((line) => line.includes('"member.join.refused"'))
    expect(told.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: 'warn', member: 'gateway', reason: 'too-many-members' }),
    ])
  })

  it('and are killed again are so many a minute, by all replicas together, when the first fleet has been let in', async () => {
    const two = await stage.start({ ...ENV, ...LIMITS })
    const seen: Joined[] = []
    const startedAt = performance.now()
    await until('no more are let in', async () => {
      seen.push(await join(GATEWAY))
      const last = seen.at(-1)
      return last !== undefined && 'refused' in last && last.refused === 'too-many-joins'
    })
    // A fleet at once, and for the time that this took what a minute allows of.
    const since = (performance.now() - startedAt) / 1_000
    const letIn = seen.filter((answer) => !('refused' in answer)).length
    expect(letIn).toBeGreaterThanOrEqual(40)
    expect(letIn).toBeLessThanOrEqual(40 + since + 1)
    expect(two.lines.concat(one.lines).join('')).toContain('"too-many-joins"')
    // An honest one that keeps trying gets in.
    await until('it is let in', async () => !('refused' in (await join(GATEWAY))))
    await until(
      'nobody waits for the others any more',
      async () => (await operating.revoke()).tookMs < AT_ONCE_MS,
    )
  })
})

describe('a service', () => {
  it('renews no lease of another service’s member', async () => {
    await using honest = await new TestMember(stage.gateway).join()
    const question = { member: honest.id, nonce: 'n', applied: 0, cachedSessions: 0 }
    const subject = renewSubject(1, DOCUMENTS)
    await expect(ask(stage.documents, RENEW_LEASE, subject, question)).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(await honest.renew()).toMatchObject({ outcome: 'granted' })
  })

  it('joins from no host with spaces, control characters or others that change how a line looks', async () => {
    for (const host of ['a\u001b[2Jb', 'a\nb', 'a\u202eb', 'a b', '']) {
      const member = { member: 'm', kind: 'verifier', service: DOCUMENTS, host, protocol: 1 }
      const reply = await stage.documents.request(memberSubject(1, 'join', DOCUMENTS), JSON.stringify(member))
      expect(reply.string()).toBe('{"error":"malformed"}')
    }
  })
})

describe('a service that sends malformed questions without end', () => {
  it('keeps no other service from leases and answers, and is told of in few lines', async () => {
    await using honest = await new TestMember(stage.gateway).join()
    const session = await stage.login('acme/alice')
    await using flood = await floodOf(stage.servers.natsUrl('files'), SUBJECTS.redeemClaim)
    let answered = 0
    await until('others are answered during the flood', async () => {
      if (flood.sent < 40_000) return false
      expect(await stage.statusOf(session)).toBe('live')
      expect(await honest.renew()).toMatchObject({ outcome: 'granted' })
      answered += 1
      return answered === 5
    })
    const { sent } = flood
    await flood[Symbol.asyncDispose]()
    expect(sent).toBeGreaterThan(40_000)
    await until('the file service is answered again', async () => {
      await stage.redeem(session, randomUUID())
      return true
    })
    const lines = one.lines.filter((line) => line.includes('"nats.'))
    expect(lines.length).toBeLessThan(20)
    expect(lines.join('')).toContain('"nats.question.malformed"')
  })
})

/** 80 messages each millisecond that are no questions, over a connection that reads no answer. */
async function floodOf(url: string, subject: string): Promise<AsyncDisposable & { readonly sent: number }> {
  const { hostname, port, username: user, password: pass } = new URL(url.replace(/^nats:/, 'http:'))
  const socket = connect(Number(port), hostname)
  await once(socket, 'data')
  socket.resume()
  socket.on('error', () => undefined)
  socket.write(`CONNECT ${JSON.stringify({ user, pass, verbose: false, pedantic: false })}\r\n`)
  const message = `PUB ${subject} _INBOX_files.flood 38\r\n${'x'.repeat(38)}\r\n`
  let sent = 0
  const startedAtMs = performance.now()
  const timer = setInterval(() => {
    const due = Math.min(80 * (performance.now() - startedAtMs) - sent, 8_000)
    if (socket.writableNeedDrain || due < 1) return
    socket.write(message.repeat(due))
    sent += Math.floor(due)
  }, 5)
  return {
    get sent() {
      return sent
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      socket.destroy()
    },
  }
}

/** Under a new name each time, if none is given, and never heard of again. */
function join(service: Audience, id: string = `test-${randomUUID()}`): Promise<Joined> {
  const nc = service === GATEWAY ? stage.gateway : stage.documents
  const member = { member: id as MemberId, kind: 'verifier', service, host: 'test', protocol: 1 } as const
  return ask(nc, JOIN, memberSubject(1, 'join', service), member, { timeoutMs: 10_000 })
}
