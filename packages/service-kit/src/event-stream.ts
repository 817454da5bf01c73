/**
 * One answer of server-sent events, and how many of them there may be.
 * Promise: it arrives at once through whatever proxy; who does not read is cut off instead of fed from memory; a stream
 * more than a session may have takes the place of its oldest, one more than a person may have is refused.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

import type { FastifyReply, FastifyRequest } from 'fastify'

import { Problem, problemBody } from './problem.ts'
import { problemOf } from './problem-of.ts'
import { noteProblem } from './request-log.ts'

/** Proxies and this server end connections that are silent for a minute or more. */
const HEARTBEAT_MS = 15_000
const RETRY_MS = 2_000
/** One for each open tab, and a few that have not noticed yet that their tab is gone. */
const PER_SESSION_MAX = 8
/** In all sessions of one person: nobody keeps others from having any. */
const PER_PERSON_MAX = 64
const IN_ALL_MAX = 10_000
const FULL_RETRY_SECONDS = '15'
/** Who reads so slowly that this much has gathered may come back and ask for what was missed. */
const UNREAD_BYTES_MAX = 1_048_576

export class EventStream {
  readonly #raw: ServerResponse
  readonly #heartbeat: NodeJS.Timeout

  constructor(reply: FastifyReply) {
    const raw = (this.#raw = reply.raw)
    const headers: OutgoingHttpHeaders = {}
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) headers[name] = value
    reply.hijack()
    raw.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      // nginx and those that follow it would keep events back until a buffer is full.
      'x-accel-buffering': 'no',
    })
    raw.write(`retry: ${RETRY_MS}\n\n`)
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref()
    raw.once('close', () => clearInterval(this.#heartbeat))
  }

  onClose(listener: () => void): void {
    if (this.#raw.closed) listener()
    else this.#raw.once('close', listener)
  }

  /** @param id what the reader names when it comes back after this event; without line breaks */
  send(event: string, content: object = {}, id?: string): void {
    if (this.#raw.writableEnded || this.#raw.destroyed) return
    const identity = id === undefined ? '' : `id: ${id}\n`
    this.#raw.write(`${identity}event: ${event}\ndata: ${JSON.stringify(content)}\n\n`)
    if (this.#raw.writableLength > UNREAD_BYTES_MAX) this.#raw.destroy()
  }

  /** Resolves when there is room for more, or nobody to read it. */
  async drained(): Promise<void> {
    const raw = this.#raw
    if (!raw.writableNeedDrain || raw.destroyed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    raw.once('drain', resolve).once('close', resolve)
    await promise
    raw.off('drain', resolve).off('close', resolve)
  }

  /** @param event the last one; none when the stream merely stops here */
  end(event?: string, content?: object): void {
    if (this.#raw.writableEnded) return
    if (event !== undefined) this.send(event, content)
    this.#raw.end()
    clearInterval(this.#heartbeat)
  }

  /** Ends with event `problem`: the problem that would have been the answer if the stream had not begun. */
  fail(error: unknown, request: FastifyRequest): void {
    const problem = problemOf(error)
    noteProblem(request, problem)
    this.end('problem', problemBody(problem, request.id))
  }

  #beat(): void {
    // What was written a heartbeat ago has not left yet: nobody reads.
    if (this.#raw.writableLength > 0) this.#raw.destroy()
    else this.#raw.write(': still here\n\n')
  }
}

export interface StreamOwner {
  readonly session: string
  /** Whose session it is: a tenant and a user. */
  readonly person: string
}

export class EventStreams {
  readonly #open = new Map<string, Set<EventStream>>()
  readonly #perPerson = new Map<string, number>()
  #size = 0

  /** @throws Problem when the person, or this process, has as many as can be looked after */
  add(owner: StreamOwner, open: () => EventStream): EventStream {
    if (this.#size >= IN_ALL_MAX) throw new Problem('unavailable', 'too many streams of events are open')
    const together = this.#open.get(owner.session) ?? new Set()
    const [oldest] = together
    if (oldest !== undefined && together.size >= PER_SESSION_MAX) {
      this.#forget(owner, oldest)
      // Told, so that its page does not take the place of the next one at once.
      oldest.end('replaced')
    }
    const before = this.#perPerson.get(owner.person) ?? 0
    if (before >= PER_PERSON_MAX)
      throw new Problem('too-many-requests', 'too many streams of events of this person are open', {
        headers: { 'retry-after': FULL_RETRY_SECONDS },
      })
    const stream = open()
    this.#open.set(owner.session, together.add(stream))
    this.#perPerson.set(owner.person, before + 1)
    this.#size += 1
    stream.onClose(() => this.#forget(owner, stream))
    return stream
  }

  /** The process is about to stop: another one takes over. */
  endAll(): void {
    for (const together of this.#open.values()) for (const stream of together) stream.end()
  }

  #forget({ session, person }: StreamOwner, stream: EventStream): void {
    const together = this.#open.get(session)
    if (together?.delete(stream) !== true) return
    this.#size -= 1
    if (together.size === 0) this.#open.delete(session)
    const left = (this.#perPerson.get(person) ?? 0) - 1
    if (left > 0) this.#perPerson.set(person, left)
    else this.#perPerson.delete(person)
  }
}
