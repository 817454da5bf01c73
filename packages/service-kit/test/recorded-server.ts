/** A server whose log lines are kept, with one route of its own: `/hello`. */
import {
  createHttpServer,
  createLogger,
  createMetrics,
  type CurfewServer,
  type HttpServerOptions,
} from '../src/index.ts'

export interface RecordedServer {
  readonly app: CurfewServer
  readonly lines: string[]
  /** The lines of requests, without those of health checks unless their routes are asked for. */
  requests(): Record<string, unknown>[]
}

export function recordedServer(options: Partial<HttpServerOptions> = {}): RecordedServer {
  const lines: string[] = []
  const app = createHttpServer({
    service: 'test',
    logger: createLogger({ service: 'test', level: 'debug' }, { write: (line) => void lines.push(line) }),
    registry: createMetrics('test'),
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
    ...options,
  })
  app.get('/hello', () => ({ said: 'hello' }))
  return {
    app,
    lines,
    requests: () =>
      lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ event }) => event === 'http.request'),
  }
}
