import { newSessionId, type Resolved, type SessionId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { createBatches } from './batches.ts'

type BatchAnswer = Resolved | undefined

const revoked: Resolved = { status: 'refused', reason: 'revoked' }
const unknown: Resolved = { status: 'refused', reason: 'unknown' }

interface Request {
  readonly sessions: readonly SessionId[]
  readonly active: readonly SessionId[]
  readonly answer: (answers: readonly BatchAnswer[] | undefined) => void
}

function setUp(waitingMax = 10_000) {
  const asked: Request[] = []
  const batches = createBatches<Resolved>({
    ask: (all) => {
      const sessions = all.map(({ id }) => id)
      const active = all.filter(({ isActivity }) => isActivity).map(({ id }) => id)
      return new Promise((answer) => asked.push({ sessions, active, answer }))
    },
    waitingMax,
  })
  return { batches, asked }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const times = (count: number, answer: Resolved): Resolved[] => Array.from({ length: count }, () => answer)
const all = (answers: readonly Promise<BatchAnswer>[]): Promise<BatchAnswer[]> => Promise.all(answers)

const ids = (count: number): SessionId[] => Array.from({ length: count }, newSessionId)

describe('checks of one tick', () => {
  it('share one request', async () => {
    const { batches, asked } = setUp()
    const [a, b] = ids(2) as [SessionId, SessionId]
    const answers = [batches.resolve(a), batches.resolve(b)]
    await tick()
    expect(asked.map(({ sessions }) => sessions)).toEqual([[a, b]])
    asked[0]?.answer([revoked, unknown])
    expect(await all(answers)).toEqual([revoked, unknown])
  })

  it('share one answer where they are about the same session', async () => {
    const { batches, asked } = setUp()
    const a = newSessionId()
    const answers = Array.from({ length: 5 }, () => batches.resolve(a))
    await tick()
    expect(asked[0]?.sessions).toEqual([a])
    asked[0]?.answer([revoked])
    expect(await all(answers)).toEqual(times(5, revoked))
  })

  it('are asked about again where an answer left them out, and have none once nobody is answered', async () => {
    const { batches, asked } = setUp()
    const [small, large, huge] = ids(3) as [SessionId, SessionId, SessionId]
    const answers = [small, large, huge].map((id) => batches.resolve(id))
    batches.refresh(huge, false)
    await tick()
    asked[0]?.answer([revoked, undefined, undefined])
    expect(await answers[0]).toEqual(revoked)
    await tick()
    expect(asked[1]).toMatchObject({ sessions: [large, huge], active: [large, huge] })
    asked[1]?.answer([unknown, undefined])
    expect(await answers[1]).toEqual(unknown)
    await tick()
    expect(asked[2]?.sessions).toEqual([huge])
    asked[2]?.answer([undefined])
    expect(await answers[2]).toBeUndefined()
    await tick()
    expect(asked).toHaveLength(3)
  })

  it('become several requests beyond 256 sessions, each answered for itself', async () => {
    const { batches, asked } = setUp()
    const answers = ids(600).map((id) => batches.resolve(id))
    await tick()
    expect(asked.map(({ sessions }) => sessions.length)).toEqual([256, 256, 88])
    asked[2]?.answer(times(88, unknown))
    asked[1]?.answer(undefined)
    asked[0]?.answer(times(256, revoked))
    const kinds = await all(answers)
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
  expect(await early).toBe(unknown)
  expect(await late).toBe(revoked)
})

it('what nobody waits for shares the request, once while it is under way', async () => {
  const { batches, asked } = setUp()
  const [a, b] = ids(2) as [SessionId, SessionId]
  batches.refresh(a)
  batches.refresh(a)
  const answer = batches.resolve(b)
  await tick()
  batches.refresh(a)
  await tick()
  expect(asked.map(({ sessions }) => sessions)).toEqual([[a, b]])
  asked[0]?.answer([unknown, revoked])
  expect(await answer).toBe(revoked)
  batches.refresh(a)
  await tick()
  expect(asked).toHaveLength(2)
})

it('a check does not join what is asked in the background', async () => {
  const { batches, asked } = setUp()
  const a = newSessionId()
  batches.refresh(a)
  await tick()
  const answer = batches.resolve(a)
  await tick()
  asked[0]?.answer([unknown])
  asked[1]?.answer([revoked])
  expect(await answer).toBe(revoked)
})

it('an answer that is too short leaves the rest without one', async () => {
  const { batches, asked } = setUp()
  const answers = ids(2).map((id) => batches.resolve(id))
  await tick()
  asked[0]?.answer([revoked])
  expect(await all(answers)).toEqual([revoked, undefined])
})

it('what waits is bounded, and the room comes back with the answers', async () => {
  const { batches, asked } = setUp(2)
  const first = [batches.resolve(newSessionId()), batches.resolve(newSessionId())]
  expect(await batches.resolve(newSessionId())).toBeUndefined()
  await tick()
  expect(await batches.resolve(newSessionId())).toBeUndefined()
  expect(asked).toHaveLength(1)
  asked[0]?.answer([unknown, unknown])
  await all(first)
  const next = batches.resolve(newSessionId())
  await tick()
  asked[1]?.answer([unknown])
  expect(await next).toBe(unknown)
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
  expect(await batches.resolve(newSessionId())).toBeUndefined()
})

describe('what only watches a session', () => {
  it('is no activity, unless somebody who uses it asks in the same request', async () => {
    const { batches, asked } = setUp()
    const [a, b, c] = ids(3) as [SessionId, SessionId, SessionId]
    batches.refresh(a, false)
    batches.refresh(b, false)
    void batches.resolve(b)
    void batches.resolve(c)
    batches.refresh(c, false)
    await tick()
    expect(asked).toMatchObject([{ sessions: [a, b, c], active: [b, c] }])
  })

  it('does not swallow the activity of others while its question is under way', async () => {
    const { batches, asked } = setUp()
    const a = newSessionId()
    batches.refresh(a, false)
    await tick()
    batches.refresh(a, false)
    batches.refresh(a)
    batches.refresh(a)
    await tick()
    expect(asked).toMatchObject([
      { sessions: [a], active: [] },
      { sessions: [a], active: [a] },
    ])
  })
})
