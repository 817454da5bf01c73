/** A server whose log lines are kept. */
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
    ...options,
  })
  return {
    app,
    lines,
    requests: () =>
      lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ event }) => event === 'http.request'),
  }
}
