/** ① ③ Clients over HTTP: as many requests as they get answered, or as many as they are told. */
import { HttpConnection, requestText } from './http-connection.ts'
import { percentile } from './statistics.ts'

export interface Load {
  readonly url: string
  readonly path: string
  readonly connections: number
  readonly seconds: number
  /** Header lines, one a request, in turn over all connections. */
  readonly headers: readonly string[]
}

export interface Answered {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Each client asks again as soon as it has its answer. @throws Error for an answer that is not 200 */
export function closedLoop(load: Load): Promise<Answered> {
  return withConnections(load, async (connections, next) => {
    const latenciesMs: number[] = []
    const startedAtMs = performance.now()
    const untilMs = startedAtMs + load.seconds * 1_000
    await Promise.all(
      connections.map(async (connection) => {
        for (let nowMs = performance.now(); nowMs < untilMs;) {
          requireOk(await connection.send(next()), load.url)
          const doneAtMs = performance.now()
          latenciesMs.push(doneAtMs - nowMs)
          nowMs = doneAtMs
        }
      }),
    )
    return answered(latenciesMs, performance.now() - startedAtMs)
  })
}

/**
 * The same number of requests each second, whoever answers them and however fast. A request that finds no free connection
 * waits for one, and its latency counts from when it was due. @throws Error for an answer that is not 200
 */
export function openLoop(load: Load & { readonly perSecond: number }): Promise<Answered> {
  return withConnections(load, async (connections, next) => {
    const latenciesMs: number[] = []
    const total = Math.round(load.perSecond * load.seconds)
    const dueAtMs: number[] = []
    const free = [...connections]
    const done = Promise.withResolvers<void>()
    const startedAtMs = performance.now()
    let due = 0
    const sendNext = async (): Promise<void> => {
      const connection = free.pop()
      if (connection === undefined) return
      for (let since = dueAtMs.shift(); since !== undefined; since = dueAtMs.shift()) {
        requireOk(await connection.send(next()), load.url)
        latenciesMs.push(performance.now() - since)
      }
      free.push(connection)
      if (latenciesMs.length === total) done.resolve()
    }
    const tick = setInterval(() => {
      const nowMs = performance.now()
      const target = Math.min(total, Math.ceil(((nowMs - startedAtMs) / 1_000) * load.perSecond))
      for (; due < target; due += 1) {
        dueAtMs.push(nowMs)
        sendNext().catch(done.reject)
      }
    }, 1)
    try {
      await done.promise
    } finally {
      clearInterval(tick)
    }
    return answered(latenciesMs, performance.now() - startedAtMs)
  })
}

async function withConnections(
  { url, path, connections, headers }: Load,
  work: (connections: readonly HttpConnection[], next: () => string) => Promise<Answered>,
): Promise<Answered> {
  const requests = headers.map((header) => requestText(url, path, header))
  let at = 0
  const next = (): string => requests[at++ % requests.length] ?? ''
  const opened = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(url)))
  try {
    return await work(opened, next)
  } finally {
    for (const connection of opened) connection.close()
  }
}

function requireOk(status: number, url: string): void {
  if (status !== 200) throw new Error(`${url} answered ${status}`)
}

function answered(latenciesMs: readonly number[], elapsedMs: number): Answered {
  return {
    requests: latenciesMs.length,
    perSecond: (latenciesMs.length / elapsedMs) * 1_000,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  }
}
