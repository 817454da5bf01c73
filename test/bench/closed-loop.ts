/** ① Clients over HTTP, each of which asks again as soon as it has its answer. */
import { Pool } from 'undici'

import { percentile } from './statistics.ts'

export interface Load {
  readonly url: string
  readonly path: string
  readonly connections: number
  readonly seconds: number
  /** One after the other, over all connections. */
  readonly tokens: readonly string[]
}

export interface Throughput {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** @throws Error for an answer that is not 200 */
export async function closedLoop({ url, path, connections, seconds, tokens }: Load): Promise<Throughput> {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const latenciesMs: number[] = []
  const startedAtMs = performance.now()
  const untilMs = startedAtMs + seconds * 1_000
  let next = 0
  const client = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < untilMs;) {
      const authorization = `Bearer ${tokens[next++ % tokens.length]}`
      const { statusCode, body } = await pool.request({ method: 'GET', path, headers: { authorization } })
      await body.dump()
      if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
      const doneAtMs = performance.now()
      latenciesMs.push(doneAtMs - nowMs)
      nowMs = doneAtMs
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  const elapsedMs = performance.now() - startedAtMs
  await pool.close()
  const requests = latenciesMs.length
  return {
    requests,
    perSecond: (requests / elapsedMs) * 1_000,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  }
}
