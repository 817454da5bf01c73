/**
 * ① ③ The connections to one service behind the gateway.
 * Promise: a service that hangs takes its own connections and nothing else; what is given up here is given up there.
 */
import type { IncomingHttpHeaders } from 'node:http'

import { Places } from '@curfew/service-kit'
import { Pool, type Dispatcher } from 'undici'

import type { Exchange, Upstream, UpstreamRequest, UpstreamSink } from '../ports.ts'

export interface UpstreamConnections extends Upstream {
  close(): Promise<void>
}

/**
 * Requests under way at one service, counted until the answer's last byte. Half of them for one address, because many people
 * can share one.
 */
const PLACES = { all: 512, perSession: 64, perAddress: 256 }
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

/** Errors of a connection that ended: an idle one, perhaps, that the service closed while the request was on its way. */
const ENDED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
/** RFC 9110 §9.2.2: what may be sent again without knowing what became of it. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

const GIVEN_UP = new Error('nobody waits for the answer any more')
const IDLE: Exchange = { resume: () => undefined, giveUp: () => undefined }

/** @param silenceTimeoutMs how long the service may send nothing, before and during its answer */
export function createUpstream(origin: string, silenceTimeoutMs: number): UpstreamConnections {
  const options = {
    // As many as may be under way, so that no request waits behind a slow one without a limit in time.
    connections: PLACES.all,
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: silenceTimeoutMs,
    bodyTimeout: silenceTimeoutMs,
    allowH2: false,
  }
  const pool = new Pool(origin, { ...options, pipelining: 1 })
  // Keeps no connection, so that a second attempt never meets another one that has just been closed.
  const fresh = new Pool(origin, { ...options, pipelining: 0 })
  const places = new Places(PLACES)

  return {
    origin,
    forward(request: UpstreamRequest, sink: UpstreamSink): Exchange {
      const taken = places.take(request.caller)
      if (taken !== 'taken') {
        sink.refused({ kind: taken })
        return IDLE
      }
      const exchange = new UndiciExchange(request, { sink, places, fresh })
      exchange.dispatchTo(pool)
      return exchange
    },
    async close() {
      await Promise.all([pool.destroy(), fresh.destroy()])
    },
  }
}

interface Surroundings {
  readonly sink: UpstreamSink
  readonly places: Places
  /** For a second attempt. */
  readonly fresh: Dispatcher
}

/** What undici tells of one request, told on: no stream, no signal and no promise stands between, because each costs. */
class UndiciExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest
  readonly #surroundings: Surroundings
  readonly #sink: UpstreamSink
  /** Undefined until the request is written. */
  #controller: Dispatcher.DispatchController | undefined
  #isGivenUp = false
  #hasAnswered = false
  #hasBegun = false
  #mayTryAgain: boolean

  constructor(request: UpstreamRequest, surroundings: Surroundings) {
    this.#request = request
    this.#surroundings = surroundings
    this.#sink = surroundings.sink
    this.#mayTryAgain = request.body === undefined && IDEMPOTENT.has(request.method)
  }

  dispatchTo(dispatcher: Dispatcher): void {
    const { method, path, headers, body } = this.#request
    dispatcher.dispatch({ method, path, headers, body: body ?? null }, this)
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
    this.#hasAnswered = true
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
    if (this.#triesAgainAfter(cause)) return
    this.#end()
    if (this.#hasBegun) this.#sink.breaksOff()
    else this.#sink.refused({ kind: isOneOf(NOT_SENT, cause) ? 'unreachable' : 'failed', cause })
  }

  #triesAgainAfter(cause: Error): boolean {
    if (!this.#mayTryAgain || this.#hasAnswered || this.#isGivenUp || !isOneOf(ENDED, cause)) return false
    this.#mayTryAgain = false
    this.#controller = undefined
    this.dispatchTo(this.#surroundings.fresh)
    return true
  }

  #end(): void {
    this.#surroundings.places.giveBack(this.#request.caller)
  }
}

function isOneOf(codes: ReadonlySet<string>, error: unknown): boolean {
  return error instanceof Error && 'code' in error && codes.has(String(error.code))
}
