import type { RequestContract } from '@curfew/contracts'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import type { NatsConnection } from '@nats-io/transport-node'
import { Type } from 'typebox'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { answer, ask, connectMessaging, type Answering } from '../src/index.ts'
import { recordingLogger } from './recording-logger.ts'

const closed = { additionalProperties: false }
const DOUBLE = {
  name: 'double',
  question: Type.Object({ number: Type.Integer(), padding: Type.Optional(Type.String()) }, closed),
  answer: Type.Object({ doubled: Type.Integer(), padding: Type.Optional(Type.String()) }, closed),
} satisfies RequestContract

/** What a peer of another version, or a hostile one, would take and send. */
const ANYTHING = {
  name: 'anything',
  question: Type.Unknown(),
  answer: Type.Unknown(),
} satisfies RequestContract

const double = ({ number }: { number: number }): { doubled: number } => ({ doubled: number * 2 })

const { logger, logged } = recordingLogger()
const answering: Answering[] = []
let servers: TestServers
let serving: NatsConnection
let asking: NatsConnection

const fail = (): never => {
  throw new Error('password of redis is hunter2')
}

/** Ends with the test; the server knows of the subscription when this returns. */
async function keep(served: Answering): Promise<void> {
  answering.push(served)
  await serving.flush()
}

beforeAll(async () => {
  servers = await startTestServers()
  serving = await connectMessaging({ url: servers.natsUrl('session'), name: 'test-serving', logger })
  asking = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'test-asking', logger })
})

afterEach(async () => {
  await Promise.all(answering.splice(0).map((each) => each.drain()))
  logged.length = 0
})

afterAll(async () => {
  await asking.close()
  await serving.close()
  await servers[Symbol.asyncDispose]()
})

describe('a question', () => {
  it('gets its answer', async () => {
    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', double))
    await expect(ask(asking, DOUBLE, 'curfew.sessions.double', { number: 21 })).resolves.toEqual({
      doubled: 42,
    })
  })

  it('tells the handler which subject a wildcard stood for', async () => {
    await keep(answer(serving, ANYTHING, 'curfew.*.resolve.*', (_, { subject }) => subject))
    await expect(ask(asking, ANYTHING, 'curfew.7.resolve.gateway', {})).resolves.toBe(
      'curfew.7.resolve.gateway',
    )
  })

  it('that breaks the contract is refused before it is sent', async () => {
    const question = { number: 'many' } as unknown as { number: number }
    await expect(ask(asking, DOUBLE, 'curfew.sessions.nobody', question)).rejects.toMatchObject({
      code: 'refused',
    })
  })

  it.each([
    ['of another version', { number: 1, unit: 'cm' }],
    ['without its member', {}],
    ['of another type', 'cfs_planted-secret'],
  ])('%s is refused by the other side, and is not logged', async (_, question) => {
    const asked: unknown[] = []
    await keep(
      answer(serving, DOUBLE, 'curfew.sessions.double', (got) => (asked.push(got), double(got)), { logger }),
    )
    await expect(ask(asking, ANYTHING, 'curfew.sessions.double', question)).rejects.toMatchObject({
      code: 'refused',
    })
    expect(asked).toEqual([])
    expect(logged).toEqual([
      {
        level: 'warn',
        event: 'nats.question.malformed',
        request: 'double',
        subject: 'curfew.sessions.double',
      },
    ])
  })

  it('that is no JSON is refused by the other side', async () => {
    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', double))
    const reply = await asking.request('curfew.sessions.double', '\u0000{')
    expect(reply.string()).toBe('{"error":"malformed"}')
  })

  it('that is malformed again and again is logged once and then counted', async () => {
    const served = answer(serving, DOUBLE, 'curfew.sessions.double', double, { logger })
    await serving.flush()
    for (let sent = 0; sent < 100; sent += 1)
      asking.publish('curfew.sessions.double', '{', { reply: '_INBOX_gateway.unheard' })
    await asking.flush()
    await expect(ask(asking, ANYTHING, 'curfew.sessions.double', {})).rejects.toMatchObject({
      code: 'refused',
    })
    await served.drain()
    const about = { level: 'warn', event: 'nats.question.malformed', subject: 'curfew.sessions.double' }
    expect(logged).toMatchObject([about, { ...about, count: 100 }])
  })

  it('larger than the server takes is refused', async () => {
    const question = { number: 1, padding: 'x'.repeat(1_100_000) }
    await expect(ask(asking, DOUBLE, 'curfew.sessions.double', question)).rejects.toMatchObject({
      code: 'refused',
    })
  })

  it.each(['', 'curfew hello'])('on %j, which is no subject, is refused', async (subject) => {
    await expect(ask(asking, DOUBLE, subject, { number: 1 })).rejects.toMatchObject({ code: 'refused' })
  })

  it('that nobody serves is unavailable at once, and answered as soon as somebody does', async () => {
    const alone = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'test-alone' })
    const asked = (timeoutMs: number) =>
      ask(alone, DOUBLE, 'curfew.sessions.double', { number: 1 }, { timeoutMs })
    // Servers before 2.10 say nothing: the first questions wait for their timeouts.
    for (const _ of [1, 2])
      await expect(asked(300)).rejects.toMatchObject({
        code: expect.stringMatching(/^(unavailable|timeout)$/),
      })
    const started = performance.now()
    const probe = asked(300).catch(() => undefined)
    await expect(asked(10_000)).rejects.toMatchObject({ name: 'RequestFailed', code: 'unavailable' })
    await probe
    expect(performance.now() - started).toBeLessThan(1_000)

    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', double))
    await vi.waitFor(async () => expect(await asked(2_000)).toEqual({ doubled: 2 }))
    expect(await asked(2_000)).toEqual({ doubled: 2 })
    await alone.close()
  })

  it('that this user may not ask is unavailable', async () => {
    await expect(ask(asking, DOUBLE, 'curfew.claims.redeem', { number: 1 })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('that is not answered in time has an unknown outcome', async () => {
    const asked = Promise.withResolvers<number>()
    const release = Promise.withResolvers<void>()
    await keep(
      answer(serving, DOUBLE, 'curfew.sessions.slow', async ({ number }) => {
        asked.resolve(number)
        await release.promise
        return double({ number })
      }),
    )
    const outcome = ask(asking, DOUBLE, 'curfew.sessions.slow', { number: 7 }, { timeoutMs: 50 })
    await expect(outcome).rejects.toMatchObject({ code: 'timeout' })
    await expect(asked.promise).resolves.toBe(7)
    release.resolve()
  })
})

describe('an answer', () => {
  it('that breaks the contract stays inside, and the asker learns that there is none', async () => {
    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', () => ({ doubled: 0.5 }), { logger }))
    await expect(ask(asking, DOUBLE, 'curfew.sessions.double', { number: 1 })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(logged).toMatchObject([{ level: 'error', event: 'nats.question.failed', request: 'double' }])
  })

  it('of another version is malformed', async () => {
    await keep(answer(serving, ANYTHING, 'curfew.sessions.double', () => ({ doubled: 2, unit: 'cm' })))
    await expect(ask(asking, DOUBLE, 'curfew.sessions.double', { number: 1 })).rejects.toMatchObject({
      code: 'malformed',
    })
  })

  it.each(['', 'ok', '{"ok":{"doubled":2},"error":"unavailable"}'])(
    'of %j, from something that is no service of ours, is malformed',
    async (bytes) => {
      const subscription = serving.subscribe('curfew.sessions.double', {
        callback: (_, message) => void message.respond(bytes),
      })
      await serving.flush()
      const outcome = ask(asking, DOUBLE, 'curfew.sessions.double', { number: 1 })
      await expect(outcome).rejects.toMatchObject({ code: 'malformed' })
      subscription.unsubscribe()
    },
  )

  it('of a handler that fails tells the asker nothing about why', async () => {
    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', fail, { logger }))
    const reply = await asking.request('curfew.sessions.double', '{"number":1}')
    expect(reply.string()).toBe('{"error":"unavailable"}')
    await expect(ask(asking, DOUBLE, 'curfew.sessions.double', { number: 1 })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('larger than the server takes is unavailable, not silence', async () => {
    const padded = { doubled: 2, padding: 'x'.repeat(1_100_000) }
    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', () => padded, { logger }))
    await expect(ask(asking, DOUBLE, 'curfew.sessions.double', { number: 1 })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('is given to every question under way when draining, and to none that comes later', async () => {
    const release = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const served = answer(serving, DOUBLE, 'curfew.sessions.double', async (question) => {
      asked.resolve()
      await release.promise
      return double(question)
    })
    await serving.flush()
    const early = ask(asking, DOUBLE, 'curfew.sessions.double', { number: 4 })
    await asked.promise

    const drained = served.drain()
    // The server has then seen that this subscription is over.
    await serving.flush()
    const late = ask(asking, DOUBLE, 'curfew.sessions.double', { number: 5 }, { timeoutMs: 300 })
    // By its timeout where the server does not say that nobody hears it.
    await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/^(unavailable|timeout)$/) })
    release.resolve()
    await expect(early).resolves.toEqual({ doubled: 8 })
    await drained
    await expect(served.drain()).resolves.toBeUndefined()
  })

  it('is unavailable at once for the question that is one too many, and comes for all others, of its subject', async () => {
    const release = Promise.withResolvers<void>()
    await keep(
      answer(
        serving,
        DOUBLE,
        'curfew.sessions.*',
        async (question, { subject }) => {
          if (subject.endsWith('.double')) await release.promise
          return double(question)
        },
        { underWayMax: 1, logger },
      ),
    )
    // Four of them fill what may wait behind the one under way.
    const padding = 'x'.repeat(1_000_000)
    const askThis = (number: number) =>
      ask(asking, DOUBLE, 'curfew.sessions.double', { number, padding }, { timeoutMs: 30_000 })
    const answers = Promise.allSettled([0, 1, 2, 3, 4].map(askThis))
    const oneTooMany = await askThis(5).catch((error: unknown) => error)
    const other = await ask(asking, DOUBLE, 'curfew.sessions.other', { number: 4 }).catch(() => undefined)
    release.resolve()
    const given = (await answers).map((settled) => settled.status === 'fulfilled' && settled.value)
    expect(oneTooMany).toMatchObject({ code: 'unavailable' })
    expect(other).toEqual({ doubled: 8 })
    expect(given).toEqual([0, 1, 2, 3, 4].map((number) => ({ doubled: 2 * number })))
    expect(logged).toMatchObject([{ event: 'nats.question.refused', subject: 'curfew.sessions.double' }])
  })
})

describe('replicas', () => {
  it('of one queue share the questions, each answered once', async () => {
    const other = await connectMessaging({ url: servers.natsUrl('session'), name: 'test-replica' })
    const counts = [0, 0]
    const replica =
      (index: 0 | 1) =>
      (question: { number: number }): { doubled: number } => {
        counts[index] = (counts[index] ?? 0) + 1
        return double(question)
      }
    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', replica(0), { queue: 'test' }))
    answer(other, DOUBLE, 'curfew.sessions.double', replica(1), { queue: 'test' })
    await other.flush()

    await Promise.all(
      Array.from({ length: 200 }, (_, number) => ask(asking, DOUBLE, 'curfew.sessions.double', { number })),
    )
    expect(counts[0]).toBeGreaterThan(0)
    expect(counts[1]).toBeGreaterThan(0)
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(200)
    await other.drain()
  })
})

describe('permissions', () => {
  it('keep one service from hearing the answers of another', async () => {
    const heard: string[] = []
    const refused = Promise.withResolvers<Error>()
    serving.subscribe('_INBOX_gateway.>', {
      callback: (error, message) => void (error ? refused.resolve(error) : heard.push(message.string())),
    })
    await expect(refused.promise).resolves.toMatchObject({ name: 'PermissionViolationError' })
    await keep(answer(serving, DOUBLE, 'curfew.sessions.double', double))
    await ask(asking, DOUBLE, 'curfew.sessions.double', { number: 1 })
    expect(heard).toEqual([])
  })

  it('that forbid to serve a subject are said in the log', async () => {
    answer(asking, DOUBLE, 'curfew.hello', double, { logger })
    await asking.flush()
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'nats.answer.ended', request: 'double' }),
    )
  })
})
