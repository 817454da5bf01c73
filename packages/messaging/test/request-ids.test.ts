import { currentRequestId, onBehalfOf, type RequestContract } from '@curfew/contracts'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import type { NatsConnection } from '@nats-io/transport-node'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { answer, ask, connectMessaging } from '../src/index.ts'

const WHOSE = {
  name: 'whose',
  question: Type.Object({}, { additionalProperties: false }),
  answer: Type.String(),
} satisfies RequestContract
const OWN = /^[0-9a-f-]{36}$/

let servers: TestServers
let serving: NatsConnection
let asking: NatsConnection

beforeAll(async () => {
  servers = await startTestServers()
  serving = await connectMessaging({ url: servers.natsUrl('session'), name: 'test-serving' })
  asking = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'test-asking' })
  answer(serving, WHOSE, 'curfew.hello', async () => {
    await Promise.resolve()
    return currentRequestId() ?? 'nobody'
  })
  await serving.flush()
})

afterAll(async () => {
  await asking.close()
  await serving.close()
  await servers[Symbol.asyncDispose]()
})

const whose = (): Promise<string> => ask(asking, WHOSE, 'curfew.hello', {})

describe('what is asked on behalf of a request', () => {
  it('is answered on behalf of the same one, however many are under way', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `request-${n}`)
    expect(await Promise.all(ids.map((id) => onBehalfOf(id, whose)))).toEqual(ids)
  })
})

describe('what is asked on behalf of nobody', () => {
  it('is answered on behalf of an id of its own', async () => {
    const [one, other] = [await whose(), await whose()]
    expect(one).toMatch(OWN)
    expect(other).not.toBe(one)
  })

  it('or of an id that could forge a log line as well', async () => {
    expect(await onBehalfOf('a b"}', whose)).toMatch(OWN)
  })
})
