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

it('a question that names a foreign place for its answer is not answered: nobody borrows the permissions of who answers', async () => {
  await using servers = await startTestServers()
  const { logger, logged } = recordingLogger()
  const [serving, asking, admin] = await Promise.all(
    (['session', 'gateway', 'admin'] as const).map((user) =>
      connectMessaging({ url: servers.natsUrl(user), name: `test-${user}`, logger }),
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
  expect(await ask(asking, DOUBLE, 'curfew.hello', { number: 4 })).toEqual({ doubled: 8 })
  await admin.flush()
  expect(heard).toEqual([])
  expect(logged.map(({ event }) => event)).toContain('nats.question.reply-refused')
  await Promise.all([serving, asking, admin].map((connection) => connection.close()))
})
