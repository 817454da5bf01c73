import { newSessionId, type Resolved, type SessionId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { createBatches, type BatchAnswer } from './batches.ts'

const revoked: Resolved = { status: 'refused', reason: 'revoked' }
const unknown: Resolved = { status: 'refused', reason: 'unknown' }

interface Asked {
  readonly sessions: readonly SessionId[]
  readonly answer: (answers: readonly Resolved[] | undefined) => void
}

function setUp(waitingMax = 10_000) {
  const asked: Asked[] = []
  let now = 0
  const batches = createBatches({
    ask: (sessions) => new Promise((answer) => asked.push({ sessions, answer })),
    nowMs: () => now,
    waitingMax,
  })
  return { batches, asked, pass: (ms: number) => (now += ms) }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const times = (count: number, answer: Resolved): Resolved[] => Array.from({ length: count }, () => answer)
const all = (answers: readonly (Promise<BatchAnswer> | undefined)[]): Promise<BatchAnswer[]> =>
  Promise.all(answers.map((answer) => Promise.resolve(answer)))

const ids = (count: number): SessionId[] => Array.from({ length: count }, newSessionId)

describe('checks of one tick', () => {
  it('share one request', async () => {
    const { batches, asked } = setUp()
    const [a, b] = ids(2) as [SessionId, SessionId]
    const answers = [batches.resolve(a), batches.resolve(b)]
    await tick()
    expect(asked.map(({ sessions }) => sessions)).toEqual([[a, b]])
    asked[0]?.answer([revoked, unknown])
    expect((await all(answers)).map((answer) => answer?.resolved)).toEqual([revoked, unknown])
  })

  it('share one answer where they are about the same session', async () => {
    const { batches, asked } = setUp()
    const a = newSessionId()
    const answers = Array.from({ length: 5 }, () => batches.resolve(a))
    await tick()
    expect(asked[0]?.sessions).toEqual([a])
    asked[0]?.answer([revoked])
    expect((await all(answers)).map((answer) => answer?.resolved)).toEqual(times(5, revoked))
  })

  it('become several requests beyond 256 sessions, each answered for itself', async () => {
    const { batches, asked } = setUp()
    const answers = ids(600).map((id) => batches.resolve(id))
    await tick()
    expect(asked.map(({ sessions }) => sessions.length)).toEqual([256, 256, 88])
    asked[2]?.answer(times(88, unknown))
    asked[1]?.answer(undefined)
    asked[0]?.answer(times(256, revoked))
    const kinds = (await all(answers)).map((answer) => answer?.resolved)
    expect(kinds.slice(0, 256).every((answer) => answer === revoked)).toBe(true)
    expect(kinds.slice(256, 512).every((answer) => answer === undefined)).toBe(true)
    expect(kinds.slice(512).every((answer) => answer === unknown)).toBe(true)
  })
})

it('a check never takes the answer of a request that was sent before it began', async () => {
  const { batches, asked } = setUp()
  const a = newSessionId()
  const early = batches.resolve(a)
  await tick()
  const late = batches.resolve(a)
  await tick()
  expect(asked).toHaveLength(2)
  asked[0]?.answer([unknown])
  asked[1]?.answer([revoked])
  expect((await early)?.resolved).toBe(unknown)
  expect((await late)?.resolved).toBe(revoked)
})

it('the age of an answer counts from when its request was sent', async () => {
  const { batches, asked, pass } = setUp()
  const answer = batches.resolve(newSessionId())
  await tick()
  pass(750)
  asked[0]?.answer([revoked])
  expect((await answer)?.elapsedMs).toBe(750)
})

it('an answer that is too short leaves the rest without one', async () => {
  const { batches, asked } = setUp()
  const answers = ids(2).map((id) => batches.resolve(id))
  await tick()
  asked[0]?.answer([revoked])
  expect((await all(answers)).map((answer) => answer?.resolved)).toEqual([revoked, undefined])
})

it('what waits is bounded, and the room comes back with the answers', async () => {
  const { batches, asked } = setUp(2)
  const first = [batches.resolve(newSessionId()), batches.resolve(newSessionId())]
  expect(batches.resolve(newSessionId())).toBeUndefined()
  await tick()
  expect(batches.resolve(newSessionId())).toBeUndefined()
  asked[0]?.answer([unknown, unknown])
  await all(first)
  expect(batches.resolve(newSessionId())).toBeDefined()
})

it('closing lets nobody wait for ever, and a late answer changes nothing', async () => {
  const { batches, asked } = setUp()
  const sent = batches.resolve(newSessionId())
  await tick()
  const gathered = batches.resolve(newSessionId())
  batches.close()
  const none: BatchAnswer[] = [undefined, undefined]
  expect(await all([sent, gathered])).toEqual(none)
  asked[0]?.answer([revoked])
  expect(batches.resolve(newSessionId())).toBeUndefined()
})
