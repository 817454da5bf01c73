/** A service in a process of its own. What it does is said by its arguments. */
import { Type } from 'typebox'

import {
  createHttpServer,
  createMetrics,
  loadConfig,
  runService,
  type Logger,
  type RunningService,
} from '../src/index.ts'

const Settings = Type.Object({
  TEST_PORT: Type.Integer({ description: 'Port to listen on' }),
  TEST_SECRET: Type.String({ minLength: 12, secret: true, description: 'Something secret' }),
})

const [, , behaviour, ...values] = process.argv

/** A route that is held until the process is told to stop, so that there is a request under way. */
async function serve(logger: Logger): Promise<RunningService> {
  const stopping = Promise.withResolvers<void>()
  const app = createHttpServer({
    service: 'test',
    logger,
    registry: createMetrics('test'),
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
  })
  app.get('/hello', () => ({ said: 'hello' }))
  app.get('/held', async () => {
    logger.info({ event: 'test.arrived' })
    await stopping.promise
    return { finished: true }
  })
  app.get('/chatter', () => {
    for (let nth = 0; nth < 2_000; nth += 1) logger.info({ event: 'test.chatter', text: 'x'.repeat(1_000) })
    return {}
  })
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const port = Number(new URL(address).port)
  const operationsPort = Number(new URL(app.operationsUrl()).port)
  logger.info({ event: 'test.listening', port, operationsPort })
  // The log may go where nobody can read it.
  process.send?.({ port, operationsPort })
  const delayMs = Number(values.find((value) => value.startsWith('delay='))?.slice(6) ?? 0)
  return {
    drain: { leave: () => app.leave(), delayMs },
    close: () => {
      const closed = app.close()
      stopping.resolve()
      return closed
    },
  }
}

const behaviours: Record<string, (logger: Logger) => Promise<RunningService>> = {
  serve,
  'fail-config': async () => {
    const env = Object.fromEntries(values.map((pair) => pair.split('=', 2)))
    loadConfig(Settings, { env, prefixes: ['TEST_'] })
    return { close: () => Promise.resolve() }
  },
  'fail-start': () => Promise.reject(new Error('no server at nats://test:hunter2@127.0.0.1:4222')),
  'hang-start': (logger) => {
    logger.info({ event: 'test.starting' })
    setInterval(() => undefined, 1_000)
    return new Promise(() => {})
  },
  'fail-close': async () => {
    setInterval(() => undefined, 1_000)
    return { close: () => Promise.reject(new Error('cannot close')) }
  },
  'hang-close': async () => {
    setInterval(() => undefined, 1_000)
    return { close: () => new Promise(() => {}) }
  },
  reject: async (logger) => {
    setTimeout(() => void Promise.reject(new Error('nobody caught this')), 1)
    return serve(logger)
  },
}

await runService('test', behaviours[behaviour ?? ''] ?? serve)
