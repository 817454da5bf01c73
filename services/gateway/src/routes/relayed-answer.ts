/**
 * ① The answer of a service on its way to a client: straight from one connection to the other.
 * Promise: what is cut off arrives as cut off, never as complete; whoever goes away, reads slowly or loses the session is
 * felt at the other end.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http'

import { Problem } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { PublicPlace } from '../domain/public-location.ts'
import { headersForClient } from '../domain/relayed-headers.ts'
import type { BodyFault, Exchange, RequestBody, UpstreamRefusal, UpstreamSink } from '../ports.ts'

/** What an answer may hold that is on its way at once: the request was admitted before, and may finish. */
const SHORT_BYTES_MAX = 64 * 1024

const SHARE_USED_UP = 'too many requests of this session or address are under way at the service'

/** Written by Node without a buffer of its own. */
const ONE_WRITE_BYTES_MAX = 8 * 1024

export interface Relayed {
  readonly body: RequestBody
  readonly place: PublicPlace
}

export class RelayedAnswer implements UpstreamSink {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #raw: ServerResponse
  readonly #body: RequestBody
  readonly #place: PublicPlace
  #exchange: Exchange | undefined
  /** Of an answer that may leave in one write; -1 otherwise. */
  #wholeBytes = -1

  constructor(request: FastifyRequest, reply: FastifyReply, { body, place }: Relayed) {
    this.#request = request
    this.#reply = reply
    this.#raw = reply.raw
    this.#body = body
    this.#place = place
  }

  /** To be told before the first piece of it can come. */
  comesFrom(exchange: Exchange): void {
    this.#exchange = exchange
    // Every response closes at last; an exchange that is over by then does not mind.
    this.#raw.once('close', () => exchange.giveUp())
  }

  refused({ kind, cause }: UpstreamRefusal): void {
    this.#body.stream?.destroy()
    if (this.#raw.destroyed) return void this.#reply.hijack()
    if (this.#body.fault !== undefined) this.refuseBody(this.#body.fault)
    else if (kind === 'share-used-up') this.#refuse(new Problem('too-many-requests', SHARE_USED_UP))
    else
      this.#refuse(new Problem(kind === 'failed' ? 'upstream-failed' : 'unavailable', undefined, { cause }))
  }

  refuseBody(fault: BodyFault): void {
    this.#refuse(new Problem(fault === 'too-large' ? 'payload-too-large' : 'request-timeout'))
  }

  begins(status: number, headers: IncomingHttpHeaders): void {
    // A client that has gone away has given it up.
    if (this.#raw.destroyed) return void this.#reply.hijack()
    try {
      this.#raw.writeHead(status, outgoing(this.#reply, headers, this.#place))
    } catch (cause) {
      this.#refuse(new Problem('upstream-failed', undefined, { cause }))
      this.#exchange?.giveUp()
      return
    }
    this.#reply.hijack()
    const length = headers['content-length']
    // A stream of events shows its headers before its first event; a body of known length follows at once.
    if (length === undefined) this.#raw.flushHeaders()
    if (length === undefined || Number(length) > SHORT_BYTES_MAX) this.#cutWithSession()
    else if (Number(length) <= ONE_WRITE_BYTES_MAX) this.#wholeBytes = Number(length)
  }

  takes(chunk: Buffer): boolean {
    // Text that is written at once with its headers is one small write, where bytes would be gathered from two places.
    if (chunk.length === this.#wholeBytes) this.#raw.end(chunk.toString('latin1'), 'latin1')
    if (this.#raw.writableEnded || this.#raw.destroyed || this.#raw.write(chunk)) return true
    this.#raw.once('drain', () => this.#exchange?.resume())
    return false
  }

  ends(): void {
    if (!this.#raw.writableEnded) this.#raw.end()
  }

  breaksOff(): void {
    // Unless it is a problem that is on its way instead.
    if (this.#raw.headersSent && !this.#raw.writableEnded) this.#raw.destroy()
  }

  /** Event streams and downloads: neither end may take what has come by then for the whole. */
  #cutWithSession(): void {
    const { sessionSignal } = this.#request
    const cut = (): void => void this.#raw.destroy()
    if (sessionSignal.aborted) cut()
    else sessionSignal.addEventListener('abort', cut, { once: true })
  }

  #refuse(problem: Problem): void {
    void this.#reply.send(problem)
  }
}

function outgoing(
  reply: FastifyReply,
  headers: IncomingHttpHeaders,
  place: PublicPlace,
): OutgoingHttpHeaders {
  const all = reply.getHeaders() as OutgoingHttpHeaders
  const { vary } = all
  Object.assign(all, headersForClient(headers, place))
  // Both have a say in what an answer depends on.
  if (headers.vary !== undefined) all['vary'] = [vary ?? [], headers.vary].flat().join(', ')
  return all
}
