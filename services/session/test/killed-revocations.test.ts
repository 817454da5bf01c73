/**
 * ④ ⑤ kill -9 of the replica that carries out a revocation, at any moment of it: whoever asked repeats the call under its
 * Idempotency-Key, at any replica. (OP-07)
 */
import { setTimeout as delay } from 'node:timers/promises'

import { expectJson, type BearerClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ReplicaProcess } from './members.ts'
import { ENV } from './operating.ts'
import { setStage, until, type Created, type Replica, type Stage } from './stage.ts'

const FAST = { ...ENV, SESSION_OPERATOR_CALLS_PER_MINUTE: '1000000' }

let stage: Stage
let survivor: Replica
let operator: Created
let killed: ReplicaProcess
let kills = 0
beforeAll(async () => {
  stage = await setStage()
  survivor = await stage.start(FAST)
  operator = await stage.login('curfew/operator')
  killed = await ReplicaProcess.start(stage, FAST)
})
afterAll(async () => {
  await killed.kill()
  await stage[Symbol.asyncDispose]()
})

interface Answer {
  readonly state: string
  readonly revocation: { readonly id: string; readonly position: string }
}

const by = (url: string): BearerClient => survivor.as(operator).at(url)

/** One attempt; undefined where the replica died over it, or could not tell. */
async function attempt(url: string, scope: object, key: string): Promise<Answer | undefined> {
  try {
    const response = await by(url).request('POST', '/v1/revocations', {
      json: { scope, reason: 'bulk', except_current: true },
      headers: { 'idempotency-key': key },
    })
    return response.status === 200 ? ((await response.json()) as Answer) : undefined
  } catch {
    return undefined
  }
}

async function killSoon(withinMs: number): Promise<void> {
  await delay(Math.random() * withinMs)
  kills += 1
  await killed.kill()
}

/** Of one scope, with the same key, first at the replica that is killed over it. */
async function revokeThroughKill(scope: object, key: string): Promise<Answer> {
  const [first] = await Promise.all([attempt(killed.url, scope, key), killSoon(25)])
  let answer = first
  await until('the survivor confirms it', async () => {
    answer = await attempt(survivor.url, scope, key)
    return answer?.state === 'confirmed'
  })
  if (first !== undefined) expect(answer?.revocation).toEqual(first.revocation)
  return answer as Answer
}

describe('a replica that is killed over a revocation', () => {
  it.each([
    ['a user', { type: 'user', tenant: 'acme', user: 'alice' }],
    ['a tenant', { type: 'tenant', tenant: 'acme' }],
    ['a client', { type: 'client', client: 'cli' }],
    ['everyone', { type: 'global' }],
  ])('leaves nobody from before and harms nobody from after: %s', async (what, scope) => {
    const before = await Promise.all(['alice', 'alice', 'alice'].map((user) => stage.login(`acme/${user}`)))
    const { revocation } = await revokeThroughKill(scope, `killed over ${what}`)
    for (const session of before) await stage.settles(session, ['revoked', 'unknown'], ['live'])
    expect(await stage.statusOf(operator)).toBe('live')
    const after = await stage.login('acme/alice')
    const again = await attempt(survivor.url, scope, `killed over ${what}`)
    expect(again?.revocation).toEqual(revocation)
    killed = await ReplicaProcess.start(stage, FAST)
    expect(await stage.statusOf(after)).toBe('live')
    expect((await attempt(killed.url, scope, `killed over ${what}`))?.revocation).toEqual(revocation)
    expect(await stage.statusOf(after)).toBe('live')
  })

  it('holds up no bulk of them: each happens, once, and what began after it goes on', async () => {
    const users = Array.from({ length: 200 }, (_, index) => `bulk-${index}`)
    const before = new Map<string, Created>()
    for (const user of users) before.set(user, await stage.login(`acme/${user}`))
    const todo = [...users]
    const done = new Map<string, Answer>()
    const worker = async (): Promise<void> => {
      for (let user = todo.shift(); user !== undefined; user = todo.shift()) {
        const scope = { type: 'user', tenant: 'acme', user }
        const answer = await attempt(killed.url, scope, `bulk ${user}`)
        if (answer?.state === 'confirmed') done.set(user, answer)
        else todo.push(user)
        // It is down: no need to ask it as fast as it can refuse.
        if (answer === undefined) await delay(50)
      }
    }
    const killing = async (): Promise<void> => {
      for (const share of [0.2, 0.5, 0.8]) {
        await until('some are done', () => done.size >= users.length * share, 60_000)
        await killSoon(25)
        killed = await ReplicaProcess.start(stage, FAST)
      }
    }
    await Promise.all([killing(), worker(), worker(), worker(), worker()])
    expect(done.size).toBe(users.length)
    for (const [user, session] of before) expect([user, await stage.statusOf(session)]).not.toContain('live')
    const after = await Promise.all(users.slice(0, 20).map((user) => stage.login(`acme/${user}`)))
    for (const session of after) expect(await stage.statusOf(session)).toBe('live')
    expect(await timesInHistory('bulk-')).toEqual(new Map(users.map((user) => [user, 1])))
    expect(kills).toBeGreaterThanOrEqual(7)
  })
})

/** How often each user whose name begins so was revoked. */
async function timesInHistory(prefix: string): Promise<Map<string, number>> {
  interface Page {
    readonly revocations: readonly { readonly scope: { readonly user?: string } }[]
    readonly next_cursor: string | null
  }
  const times = new Map<string, number>()
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `?cursor=${cursor}`
    const page: Page = await expectJson(await by(survivor.url).get(`/v1/revocations${query}`), 200)
    for (const { scope } of page.revocations)
      if (scope.user?.startsWith(prefix) === true) times.set(scope.user, (times.get(scope.user) ?? 0) + 1)
    cursor = page.next_cursor
  }
  return new Map([...times].toSorted(([a], [b]) => Number(a.slice(5)) - Number(b.slice(5))))
}
