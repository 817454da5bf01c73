import type { RequestContract } from '@curfew/contracts'
import { startTestServers } from '@curfew/test-kit'
import { Type } from 'typebox'
import { expect, it } from 'vitest'

import { answer, ask, connectMessaging } from '../src/index.ts'
import { recordingLogger } from './recording-logger.ts'

const DOUBLE = {
  name: 'double',
  question: Type.Object({ number: Type.Integer() }),
  answer: Type.Object({ doubled: Type.Integer() }),
} satisfies RequestContract

it.each(['gateway', 'admin'] as const)(
  'a question of %s that names a foreign place for its answer borrows nobody’s permissions',
  async (user) => {
    await using servers = await startTestServers()
    const { logger, logged } = recordingLogger()
    const [serving, asking, admin] = await Promise.all(
      (['session', user, 'admin'] as const).map((each) =>
        connectMessaging({ url: servers.natsUrl(each), name: `test-${each}`, logger }),
      ),
    )
    if (!serving || !asking || !admin) throw new Error('three connections')
    const log = 'curfew.1.log.poison'
    const heard: string[] = []
    admin.subscribe(log, { callback: (_error, message) => void heard.push(message.string()) })
    await admin.flush()
    answer(serving, DOUBLE, 'curfew.hello', ({ number }) => ({ doubled: number * 2 }), { logger })
    await serving.flush()

    asking.publish('curfew.hello', JSON.stringify({ number: 21 }), { reply: log })
    asking.publish('curfew.hello', 'not a question', { reply: log })
    // An honest question behind them is answered, so they have been dealt with.
    const honest = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'test-honest' })
    await asking.flush()
    expect(await ask(honest, DOUBLE, 'curfew.hello', { number: 4 })).toEqual({ doubled: 8 })
    await admin.flush()
    expect(heard).toEqual([])
    // From another account the answer goes back to where the question came from. Within its account it is not given.
    expect(logged.some(({ event }) => event === 'nats.question.reply-refused')).toBe(user === 'admin')
    await Promise.all([serving, asking, admin, honest].map((connection) => connection.close()))
  },
)
