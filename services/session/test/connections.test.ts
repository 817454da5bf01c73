/**
 * ④ The connections of the session service to NATS: one for the log and the trail, one for questions, one for claims.
 */
import { expectJson, FaultProxy } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { setStage, until, type Replica, type Stage } from './stage.ts'

/** In the order in which the service opens them. */
const CONNECTIONS = ['log', 'questions', 'claims'] as const

let stage: Stage
let link: FaultProxy
let replica: Replica
beforeEach(async () => {
  stage = await setStage()
  link = await FaultProxy.start(stage.servers.nats.port)
  replica = await stage.start({ CURFEW_NATS_URL: link.through(stage.servers.natsUrl('session')) })
})
afterEach(async () => {
  await stage[Symbol.asyncDispose]()
  await link[Symbol.asyncDispose]()
})

describe('a replica', () => {
  it('whose questions are held up goes on to follow the log and to record revocations', async () => {
    const operator = await stage.login('curfew/operator')
    await expectJson(await replica.as(operator).get('/v1/sessions'), 200)
    // As when the service takes questions more slowly than they are sent.
    link.fail({ kind: 'black-hole', directions: ['to-client'] }, CONNECTIONS.indexOf('questions'))
    const answer = await stage.revokeUser(replica.as(operator), 'alice')
    expect(await expectJson(answer, 200)).toMatchObject({ state: 'confirmed', recorded: true })
  })

  it.each(CONNECTIONS)('without its connection for %s is not ready and says so', async (name) => {
    await until('it is ready', () => replica.isReady())
    link.fail({ kind: 'cut' }, CONNECTIONS.indexOf(name))
    const reason = async (): Promise<string> => (await fetch(`${replica.operationsUrl}/readyz`)).text()
    await until('it says so', async () => (await reason()).includes(`no connection for ${name}`))
    expect(await replica.isReady()).toBe(false)
    link.restore()
    await until('it is ready again', () => replica.isReady())
  })
})
