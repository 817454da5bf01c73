/**
 * ① ③ The connections to one service behind the gateway.
 * Promise: a service that hangs takes its own connections and nothing else; what is given up here is given up there.
 */
import type { IncomingHttpHeaders } from 'node:http'

import { Pool, type Dispatcher } from 'undici'

import type { Exchange, Upstream, UpstreamRequest, UpstreamSink } from '../ports.ts'

export interface UpstreamConnections extends Upstream {
  close(): Promise<void>
}

/** Requests under way at one service, counted until the answer's last byte; beyond this it is overloaded. */
const UNDER_WAY_MAX = 512
const CONNECT_TIMEOUT_MS = 2_000

/** Errors of a connection that never came about: the service has seen nothing of the request. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

const GIVEN_UP = new Error('nobody waits for the answer any more')
const IDLE: Exchange = { resume: () => undefined, giveUp: () => undefined }

/** @param silenceTimeoutMs how long the service may send nothing, before and during its answer */
export function createUpstream(origin: string, silenceTimeoutMs: number): UpstreamConnections {
  const pool = new Pool(origin, {
    // As many as may be under way, so that no request waits behind a slow one without a limit in time.
    connections: UNDER_WAY_MAX,
    pipelining: 1,
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: silenceTimeoutMs,
    bodyTimeout: silenceTimeoutMs,
    allowH2: false,
  })
  let underWay = 0
  const ended = (): void => void (underWay -= 1)

  return {
    forward({ method, path, headers, body }: UpstreamRequest, sink: UpstreamSink): Exchange {
      if (underWay >= UNDER_WAY_MAX) {
        sink.refused({ kind: 'busy' })
        return IDLE
      }
      underWay += 1
      const exchange = new UndiciExchange(sink, ended)
      pool.dispatch({ method, path, headers, body: body ?? null }, exchange)
      return exchange
    },
    close: () => pool.destroy(),
  }
}

/** What undici tells of one request, told on: no stream, no signal and no promise stands between, because each costs. */
class UndiciExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #sink: UpstreamSink
  #ended: (() => void) | undefined
  /** Undefined until the request is written. */
  #controller: Dispatcher.DispatchController | undefined
  #isGivenUp = false
  #hasBegun = false

  constructor(sink: UpstreamSink, ended: () => void) {
    this.#sink = sink
    this.#ended = ended
  }

  resume(): void {
    this.#controller?.resume()
  }

  giveUp(): void {
    this.#isGivenUp = true
    // Without effect once it has ended. What is still waiting for a connection is given up when it gets one.
    this.#controller?.abort(GIVEN_UP)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isGivenUp) controller.abort(GIVEN_UP)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // Interim answers (1xx) are of this connection.
    if (status < 200) return
    this.#hasBegun = true
    this.#sink.begins(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#sink.takes(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.#end()
    this.#sink.ends()
  }

  onResponseError(_controller: unknown, cause: Error): void {
    this.#end()
    if (this.#hasBegun) this.#sink.breaksOff()
    else this.#sink.refused({ kind: wasNotSent(cause) ? 'unreachable' : 'failed', cause })
  }

  #end(): void {
    this.#ended?.()
    this.#ended = undefined
  }
}

function wasNotSent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_SENT.has(String(error.code))
}
