/** ④ ⑤ A log that has lost entries stays refused, whoever is started, comes back or is left after somebody has noticed. */
import { FaultProxy } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { answered, ENV, EpochStage } from './epoch-stage.ts'
import { ReplicaProcess } from './members.ts'
import { until, type Created, type Replica, type Stage } from './stage.ts'

let epochs: EpochStage
let stage: Stage
let replica: Replica
beforeEach(async () => {
  epochs = await EpochStage.set()
  ;({ stage } = epochs)
  replica = await epochs.start()
})
afterEach(() => epochs[Symbol.asyncDispose]())

const REFUSED = /rolled back.*begin a new epoch/is
const login = (who: string) => answered(() => stage.login(who))

async function revokeAlice(operator: Created): Promise<void> {
  expect((await stage.revokeUser(replica.as(operator), 'alice')).status).toBe(200)
}

/** Of Alice; the replica has noticed. */
async function loseRevocation(operator: Created): Promise<void> {
  await epochs.copyLog()
  await revokeAlice(operator)
  await epochs.putLogBack()
  await epochs.frozen(replica)
}

async function logDetail({ operationsUrl }: Pick<Replica, 'operationsUrl'>): Promise<string> {
  const { checks } = (await (await fetch(`${operationsUrl}/readyz`)).json()) as { checks: { log: string } }
  return checks.log
}

const isClosed = () =>
  epochs.administrate(async ({ streams }) => {
    const closed = await streams.getMessage('CURFEW_1', { last_by_subj: 'curfew.1.log.closed' })
    return closed !== null
  })

describe('after one replica has noticed that the log has lost entries', () => {
  it('none that starts serves, also when barriers have carried the log past what Redis knows', async () => {
    const operator = await login('curfew/operator')
    await loseRevocation(operator)
    await epochs.carryPastRedis()
    await expect(epochs.start()).rejects.toThrow(REFUSED)
  })

  it('nothing that was revoked is admitted again, also with an older Redis and nobody left who noticed', async () => {
    const [operator, alice] = [await login('curfew/operator'), await login('acme/alice')]
    const putRedisBack = await epochs.copyRedis()
    await loseRevocation(operator)
    await stage.stop(replica)
    await putRedisBack()
    await expect(epochs.start()).rejects.toThrow(REFUSED)
    // Nobody is there to answer, which servers before 2.10 do not say.
    await expect(stage.statusOf(alice)).rejects.toMatchObject({
      code: expect.stringMatching(/^(unavailable|timeout)$/),
    })
  })

  it('one that was away and had not read what was lost freezes as well', async () => {
    const operator = await login('curfew/operator')
    await using link = await FaultProxy.start(stage.servers.nats.port)
    const CURFEW_NATS_URL = link.through(stage.servers.natsUrl('session'))
    await using away = await ReplicaProcess.start(stage, { ...ENV, CURFEW_NATS_URL })
    link.fail({ kind: 'cut' })
    await loseRevocation(operator)
    await epochs.carryPastRedis()
    link.restore()
    await expect
      .poll(() => logDetail(away), { timeout: 15_000 })
      .toContain('frozen until an operator acts: closed: rolled back')
  })

  it('a new epoch needs no force, says why, and is served by who noticed and by who starts', async () => {
    const operator = await login('curfew/operator')
    await loseRevocation(operator)
    await epochs.carryPastRedis()
    expect(await epochs.command('--dry-run')).toMatchObject({
      json: { reasons: [expect.stringContaining('epoch 1 is over: rolled back')] },
    })
    expect(await epochs.command('--yes')).toMatchObject({ code: 0, json: { outcome: 'opened', epoch: 2 } })
    await epochs.servedIn(2)
    await epochs.start()
    await epochs.servedIn(2)
    expect((await epochs.command('--yes')).json).toMatchObject({ outcome: 'refused', reasons: [] })
  })
})

describe('a replica that starts and finds less than Redis knows', () => {
  it('closes the log before it ends, so that nothing that is added to it makes it look well again', async () => {
    const operator = await login('curfew/operator')
    await epochs.copyLog()
    await revokeAlice(operator)
    await stage.stop(replica)
    await epochs.putLogBack()
    await expect(epochs.start()).rejects.toThrow(REFUSED)
    await epochs.carryPastRedis()
    await expect(epochs.start()).rejects.toThrow(REFUSED)
  })

  it('closes nothing when that Redis belongs to another log', async () => {
    await login('acme/alice')
    await stage.redis.set('curfew:log', '000001 another')
    await stage.redis.set('curfew:applied', `000001.${'9'.repeat(5).padStart(16, '0')}`)
    await expect(epochs.start()).rejects.toThrow(/Redis belongs to epoch 1 with the id another/)
    await until('the one that runs has noticed', async () => (await logDetail(replica)).includes('another'))
    expect(await isClosed()).toBe(false)
  })
})
