/**
 * Server-sent events of a response, one after the other.
 * Promise: silence is noticed, memory is bounded, and a stream that breaks off is told apart from one that has ended.
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { NoAnswer } from './http.ts'

export interface EventStreamOptions {
  /** A server shows a sign of life more often than this. */
  readonly silenceMs: number
  readonly signal?: AbortSignal | undefined
}

const MAX_EVENT_CHARACTERS = 1024 * 1024

export function isEventStream(response: Response): boolean {
  return /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
}

/** Ends with the stream. @throws NoAnswer when it breaks off, falls silent or is no such stream; the signal's reason */
export async function* eventsOf(
  response: Response,
  { silenceMs, signal }: EventStreamOptions,
): AsyncGenerator<EventSourceMessage> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  const queue: EventSourceMessage[] = []
  let fault: Error | undefined
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: (event) => queue.push(event),
    onError: (error) => {
      // Fields that are not known are no faults.
      if (error.type !== 'unknown-field' && error.type !== 'invalid-retry') fault = error
    },
  })
  const text = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read(), signal)
      if (done) return
      parser.feed(text.decode(value, { stream: true }))
      yield* queue.splice(0)
      if (fault !== undefined) throw fault
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw new NoAnswer('The stream of events broke off.', true, error)
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** @throws the signal's reason at once, and an error where nothing comes in time */
async function within<T>(ms: number, promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`silent for ${ms} ms`)), ms)
  const abort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    signal?.throwIfAborted()
    return await Promise.race([promise, stopped])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
